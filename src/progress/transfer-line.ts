// One transfer on one line: drawn over and over on a terminal, said once per finished file elsewhere.
import type { Clock } from '../core/clock.ts';
import { printable } from '../core/text.ts';
import { formatDuration, formatRate, formatSize } from '../core/units.ts';
import { barWithin, percent } from './bar.ts';
import { formatTimeLeft, SlidingRate, timeLeft } from './rate.ts';
import { columnsOf } from './screen.ts';
import { quiet, type TextSink } from './sink.ts';
import { pad, truncate, truncateStart, widthOf } from './width.ts';

export type TransferStyle = 'live' | 'lines' | 'silent';

const REDRAW_MS = 100;
const NAME_COLUMNS_MAX = 30;

interface Current {
  readonly name: string;
  readonly total: number | undefined;
  readonly startedAt: number;
  readonly rate: SlidingRate;
  bytes: number;
  drawnAt: number;
}

export class TransferLine {
  readonly #sink: TextSink;
  readonly #clock: Clock;
  readonly #style: TransferStyle;
  #current: Current | undefined;

  constructor(sink: TextSink, clock: Clock, style: TransferStyle) {
    this.#sink = quiet(sink);
    this.#clock = clock;
    this.#style = style;
  }

  begin(name: string, total: number | undefined): void {
    const startedAt = this.#clock.elapsed();
    this.#current = {
      name: printable(name),
      total,
      startedAt,
      rate: new SlidingRate(),
      bytes: 0,
      drawnAt: startedAt - REDRAW_MS,
    };
    this.at(0);
  }

  at(bytes: number): void {
    const current = this.#current;
    if (current === undefined) return;
    const now = this.#clock.elapsed();
    current.bytes = bytes;
    current.rate.add(now, bytes);
    if (this.#style !== 'live' || now - current.drawnAt < REDRAW_MS) return;
    current.drawnAt = now;
    this.#sink.write(`\r${pad(transferLine(current, columnsOf(this.#sink) - 1, now), columnsOf(this.#sink) - 1)}`);
  }

  /** The last word on it stays. */
  end(): void {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined || this.#style === 'silent') return;
    const width = columnsOf(this.#sink) - 1;
    const line = finishedLine(current, this.#clock.elapsed());
    if (this.#style === 'live') this.#sink.write(`\r${pad(line, width)}\n`);
    else this.#sink.write(`${line}\n`);
  }
}

function transferLine({ name, total, bytes, rate }: Current, columns: number, now: number): string {
  const label = truncateStart(name, Math.min(NAME_COLUMNS_MAX, Math.floor(columns / 2)));
  const speed = rate.perSecond(now);
  const left = total === undefined ? undefined : timeLeft(total - bytes, speed);
  const facts = [
    ...(total === undefined || total === 0 ? [] : [percent(bytes / total).padStart(5)]),
    formatSize(bytes),
    ...(speed === undefined ? [] : [formatRate(speed)]),
    ...(left === undefined ? [] : [`${formatTimeLeft(left)} left`]),
  ].join('  ');
  const room = columns - widthOf(label) - widthOf(facts) - 4;
  const drawn = total === undefined || total === 0 ? undefined : barWithin(room, bytes / total);
  return drawn === undefined ? truncate(`${label}  ${facts}`, columns) : `${label}  ${drawn}  ${facts}`;
}

function finishedLine({ name, total, bytes, startedAt }: Current, now: number): string {
  const ms = now - startedAt;
  const rate = ms >= 1 && bytes > 0 ? `, ${formatRate((bytes * 1_000) / ms)}` : '';
  const whole = total === undefined || bytes === total ? formatSize(bytes) : `${formatSize(bytes)} of ${formatSize(total)}`;
  return `${name}  ${whole} in ${formatDuration(ms)}${rate}`;
}
