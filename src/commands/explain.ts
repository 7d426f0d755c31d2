import { Args } from '@oclif/core';
import { EXPLANATIONS, explain } from '../app/explain/explain.ts';
import { BaseCommand, jsonFlag } from './base.ts';

export default class Explain extends BaseCommand {
  static override summary = 'Tell cause and cure of an error code; without one, list them all.';
  static override examples = ['<%= config.bin %> explain tls-untrusted', '<%= config.bin %> explain'];
  static override args = { code: Args.string({ description: 'as in `error CODE:` and in --json' }) };
  static override flags = { json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain);
    if (args.code !== undefined) return this.#one(args.code, flags.json);
    const groups = Object.entries(EXPLANATIONS);
    if (flags.json) return this.printJson({ codes: groups.flatMap(([, codes]) => Object.keys(codes).map(explain)) });
    for (const [title, codes] of groups) {
      this.print(`${title}\n`);
      for (const [code, [cause]] of Object.entries(codes)) this.print(`  ${code}\n      ${cause}`);
      this.print();
    }
  }

  #one(code: string, json: boolean): void {
    const explained = explain(code);
    if (json) return this.printJson({ ...explained });
    this.print(explained.code);
    this.print(`  What it means  ${explained.cause}`);
    this.print(`  What to do     ${explained.cure}`);
    if (explained['exit-code'] !== undefined) this.print(`  Exit code      ${explained['exit-code']}`);
  }
}
