// The workloads of the POP3 bench and the bounds of issue 4.
import type { Workload } from './mailbox.ts';
import type { CellName } from './options.ts';
import type { Bound, Result } from './table.ts';

export interface Cell {
  readonly name: CellName;
  readonly title: string;
  readonly workload: Workload;
  readonly place: 'disk' | 'tmpfs';
  readonly onLink: boolean;
  /** Beginnings of the names of the peers that can do it in bearable time; undefined: all. */
  readonly peers?: readonly string[];
  readonly rounds?: number;
  readonly bounds: readonly Bound[];
}

const MIXED = { bytesMin: 2_048, bytesMax: 204_800 };
const MEMORY_MB_MAX = 150;

const memory: Bound = { text: `peak memory under ${MEMORY_MB_MAX} MB`, holds: ([ours]) => ours && ours.peakMb < MEMORY_MB_MAX };
const right: Bound = { text: 'every message with its right hash', holds: ([ours]) => ours && ours.wrong === undefined };

export const CELL_LIST: readonly Cell[] = [
  {
    name: 'disk',
    title: '5000 messages of 2–200 KB on loopback, kept on the server, to a real disk',
    workload: { messages: 5_000, ...MIXED },
    place: 'disk',
    onLink: false,
    bounds: [
      right,
      against('mpop mbox', 1),
      against('mpop maildir', 3),
      against('getmail6', 20),
      { text: 'nothing new: under 0.5 s', holds: ([ours]) => (ours?.again === undefined ? undefined : ours.again < 0.5) },
      memory,
    ],
  },
  {
    name: 'tmpfs',
    title: 'the same to a file system in memory',
    workload: { messages: 5_000, ...MIXED },
    place: 'tmpfs',
    onLink: false,
    peers: ['mpop mbox'],
    bounds: [
      right,
      {
        // 0.4 + 0.5 s against mpop's 0.4 s where that was set; the ratio counts, since machines differ.
        text: 'at most 2.25 times mpop',
        holds: results => compare(results, 'mpop mbox', (ours, peer) => ours.seconds < peer.seconds * 2.25),
      },
    ],
  },
  {
    name: 'link',
    title: '500 messages of 2–200 KB over the link',
    workload: { messages: 500, ...MIXED },
    place: 'disk',
    onLink: true,
    bounds: [right, against('mpop mbox', 1)],
  },
  {
    name: 'link-small',
    title: '3000 messages of 4 KB over the link',
    workload: { messages: 3_000, bytesMin: 4_096, bytesMax: 4_096 },
    place: 'disk',
    onLink: true,
    peers: ['mpop'],
    bounds: [
      right,
      against('mpop mbox', 1),
      { text: '0.05 round trips a message or fewer', holds: ([ours]) => ours && ours.seconds / 0.05 / 3_000 <= 0.05 },
    ],
  },
  {
    name: 'big',
    title: 'one message of 1 GB on loopback',
    workload: { messages: 1, bytesMin: 2 ** 30, bytesMax: 2 ** 30 },
    place: 'disk',
    onLink: false,
    peers: ['mpop'],
    rounds: 1,
    bounds: [right, memory],
  },
  {
    name: 'uids',
    title: '100000 messages of 300 bytes on loopback',
    workload: { messages: 100_000, bytesMin: 300, bytesMax: 300 },
    place: 'disk',
    onLink: false,
    peers: ['mpop mbox'],
    rounds: 1,
    bounds: [right, memory],
  },
];

function against(peer: string, ratio: number): Bound {
  const text = ratio === 1 ? `faster than ${peer}` : `at least ${ratio} times as fast as ${peer}`;
  return { text, holds: results => compare(results, peer, (ours, other) => other.seconds / ours.seconds >= ratio) };
}

function compare(results: readonly Result[], peer: string, test: (ours: Result, peer: Result) => boolean): boolean | undefined {
  const [ours] = results;
  const other = results.find(({ name, wrong }) => name === peer && wrong === undefined);
  return ours === undefined || other === undefined ? undefined : test(ours, other);
}
