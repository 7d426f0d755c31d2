// The connections.yaml that makes a job speak to a running sandbox; the password comes from a secret.
import type { Sandbox } from '../../sandbox/index.ts';

/** `secret` is the name that the file asks for: POSTRIDER_SECRET_<NAME> must hold the sandbox's password. */
export function connectionsYaml(sandbox: Sandbox, secret: string): string {
  const { endpoints, user, caFile } = sandbox;
  const entry = (name: string, type: string, port: number, tls: string) =>
    [
      `${name}:`,
      `  type: ${type}`,
      '  host: localhost',
      `  port: ${port}`,
      `  tls: ${tls}`,
      `  ca: ${JSON.stringify(caFile)}`,
      `  user: ${user}`,
      `  password: "\${{ secrets.${secret} }}"`,
      '',
    ].join('\n');
  return [
    '# Written by postrider for its sandbox; valid while the sandbox runs.',
    entry('web', 'ftp', endpoints.ftp.port, 'explicit'),
    entry('inbox', 'pop3', endpoints.pop3s.port, 'implicit'),
    entry('outbox', 'smtp', endpoints.smtp.port, 'explicit'),
  ].join('\n');
}
