// docs/messages.md and docs/exit-codes.md, made of what `postrider explain` and `postrider help exit-codes` say.
import { EXIT_MEANINGS, fixedExitCode } from '../../src/app/exit-codes.ts';
import { EXPLANATIONS } from '../../src/app/explain/explain.ts';
import { table } from './key-table.ts';

const CODES = Object.values(EXPLANATIONS).flatMap(codes => Object.keys(codes));

export function messagesPage(): string {
  const parts = Object.entries(EXPLANATIONS).map(([about, codes]) => {
    const rows = Object.entries(codes).map(([code, [cause, cure]]) => [`\`${code}\``, cause, cure, exitOf(code)]);
    return `## ${about[0]?.toUpperCase()}${about.slice(1)}\n\n${table(['code', 'cause', 'what to do', 'exit'], rows)}`;
  });
  return `# Troubleshooting by message code

<!-- Made by \`npm run docs\` from src/app/explain; edit that. -->

Every error has a code: \`validate\` prints it, \`--json\` and \`run --json\` hold it, and \`postrider explain\` says on the spot what stands here.
Where the column exit is empty, it is 1, or 5 when the trouble may pass.

\`\`\`sh
postrider explain tls-untrusted
postrider explain
postrider doctor @web
postrider ftp ls @web --transcript
\`\`\`

${parts.join('\n\n')}
`;
}

export function exitCodesPage(): string {
  const rows = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => [code, meaning, FREE[code] ?? codesOf(Number(code))]);
  return `# Exit codes

<!-- Made by \`npm run docs\` from src/app/exit-codes.ts; edit that. -->

${table(['code', 'meaning', 'error codes'], rows)}

A failed run exits with the code of its first failed step. A script can tell what is worth trying again:

\`\`\`sh
postrider run nightly-site --quiet || case $? in
  5) echo "try again later" ;;
  8) echo "another run is at it" ;;
  *) postrider show last ;;
esac
\`\`\`

[Every error code](messages.md) has a cause and a cure; \`postrider explain CODE\` tells them.
`;
}

/** Where no code of ours decides. */
const FREE: Readonly<Record<string, string>> = {
  0: '',
  1: 'every other one that trying again cannot help',
  5: 'every one with `"retry": "later"` or `"reconnect"` in `--json`, such as `connection-refused`',
};

function codesOf(exit: number): string {
  return CODES.filter(code => fixedExitCode(code) === exit)
    .map(code => `\`${code}\``)
    .join(' ');
}

function exitOf(code: string): string {
  return String(fixedExitCode(code) ?? '');
}
