// Whether this machine can look up names: its own, and those of the servers in connections.yaml.

import { loadSharedConnections } from '../../job/shared-connections.ts';
import { hasExpression } from '../../job/template.ts';
import { addressesOf } from '../../protocols/net/inspect-tls.ts';
import type { Workspace } from '../workspace.ts';
import { type Finding, fine, warning } from './finding.ts';

/** A server behind a proxy is looked up there; a host that is an expression is not known before a run. */
export async function checkNames(workspace: Workspace): Promise<Finding> {
  const hosts = new Set<string>();
  for (const raw of Object.values(await sharedConnections(workspace))) {
    const { host, proxy } =
      typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as Record<string, unknown>) : {};
    if (typeof host === 'string' && proxy === undefined && !hasExpression(host)) hosts.add(host);
  }
  const unknown: string[] = [];
  for (const host of hosts.size === 0 ? ['localhost'] : hosts) await addressesOf(host).catch(() => unknown.push(host));
  if (unknown.length === 0) return fine('dns', hosts.size === 0 ? 'localhost is known' : `${[...hosts].join(', ')}: all known`);
  return warning(
    'dns',
    `not known here: ${unknown.join(', ')}`,
    unknown.length < hosts.size
      ? 'Check these names in connections.yaml for typing mistakes.'
      : 'Check /etc/resolv.conf and the network; then the names in connections.yaml.',
  );
}

/** By name; none where the file cannot be read, which the check of the job files says. */
export async function connectionNames(workspace: Workspace): Promise<readonly string[]> {
  return Object.keys(await sharedConnections(workspace)).sort();
}

async function sharedConnections({ jobsDir, cwd }: Workspace): Promise<Readonly<Record<string, unknown>>> {
  for (const folder of new Set([jobsDir, cwd])) {
    const { connections = {} } = await loadSharedConnections(folder);
    if (Object.keys(connections).length > 0) return connections;
  }
  return {};
}
