#!/usr/bin/env node
// Starts postrider: on Node 24 or later here, on an older one through the checkout's own Node when there is one.
const NODE_MAJOR_MIN = 24;

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  // Not awaited: when the reader of our output has gone, oclif's last flush never settles, and Node would warn and exit 13.
  run();
} else {
  await startWithOwnNode();
}

async function run() {
  // All is done and written then. To end by itself, Node would first take apart what the end of the process frees anyway, and collect garbage.
  process.once('beforeExit', () => process.exit());
  const { command, load, root } = await import('./load.js');
  await load('commands/oclif/start.cjs').start(root, command);
}

async function startWithOwnNode() {
  const { existsSync } = await import('node:fs');
  const { fileURLToPath } = await import('node:url');
  const own = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(own)) {
    process.stderr.write(
      `postrider needs Node.js ${NODE_MAJOR_MIN} or later; this is ${process.versions.node}.\n` +
        `Install a newer one from https://nodejs.org, or run \`npm ci\` in a checkout of postrider: it brings its own.\n`,
    );
    process.exit(2);
  }
  const { spawn } = await import('node:child_process');
  const child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both of us; other senders reach only this process.
  process.on('SIGINT', () => (process.stdin.isTTY ? undefined : child.kill('SIGINT')));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', error => {
    process.stderr.write(`postrider: ${own} does not start: ${error.message}\n`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGTERM' ? 143 : 130)));
}
