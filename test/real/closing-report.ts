// The last words of a test run: what was skipped and why in one line, then the plain counts; or what never ended.
import type { Reporter, TestModule } from 'vitest/node';
import { obstacles, type RealServerName, realServersRequired } from './servers/binaries.ts';

const ALL: readonly RealServerName[] = ['vsftpd', 'proftpd', 'pure-ftpd', 'dovecot', 'postfix'];

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Twice what the slowest test may take: vitest ends that one by itself, but not one that waits for a program in `execFileSync`. */
const SILENCE_MS = 600_000;

export class ClosingReport implements Reporter {
  readonly #running = new Set<TestModule>();
  readonly #ended: TestModule[] = [];
  #watch: NodeJS.Timeout | undefined;

  onTestModuleStart(module: TestModule): void {
    this.#running.add(module);
    this.#heard();
  }

  onTestCaseResult(): void {
    this.#heard();
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module);
    this.#ended.push(module);
    this.#heard();
  }

  /** Only where nobody looks on: a campaign (`KILLS=140`) has tests that take longer. */
  #heard(): void {
    if (!realServersRequired()) return;
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => {
      const names = [...this.#running].map(module => module.relativeModuleId);
      console.log(`No test has ended for ${SILENCE_MS / 60_000} minutes; still running: ${names.join(', ')}`);
      this.onTestRunEnd([...this.#ended, ...this.#running]);
      process.exit(1);
    }, SILENCE_MS).unref();
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    clearTimeout(this.#watch);
    const counts = count(modules);
    const { passed, failed, skipped } = counts;
    if (skipped > 0) console.log(skippedLine(skipped));
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    if (skipped > 0 && realServersRequired()) process.exitCode = 1;
  }
}

/** A file that does not even load counts as one failure, as vitest's own exit code does. */
function count(modules: readonly TestModule[]): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    const before = counts.failed;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') counts.passed += 1;
      else if (state === 'skipped') counts.skipped += 1;
      else counts.failed += 1;
    }
    if (module.state() === 'failed' && counts.failed === before) counts.failed += 1;
  }
  return counts;
}

function skippedLine(skipped: number): string {
  const found = obstacles(ALL);
  const reason = found.length > 0 ? `the real servers cannot run here: ${found.join('; ')}` : 'marked so in the test files';
  return `Skipped ${skipped} ${skipped === 1 ? 'test' : 'tests'}: ${reason}`;
}
