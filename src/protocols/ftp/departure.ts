// A command on its way: waiting for company, leaving in a packet with others, then waiting for its reply.
import { AppError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import type { Command } from '../wire/command.ts';
import { COMMAND_BYTES_MAX } from '../wire/limits.ts';
import type { Reply } from '../wire/reply.ts';
import { readable } from './errors.ts';
import { PACKET_BYTES_MAX } from './limits.ts';
import type { Taker } from './running.ts';
import type { CommandKind, InnerLines } from './session.ts';

export interface RideOptions {
  /** Asked before the command is sent alone: a reply that makes it pointless, and answers it. */
  readonly instead?: () => Reply | undefined;
  /** Takes the lines inside its reply, which may then be of any length; must not throw. */
  readonly inner?: InnerLines;
  /** What transcripts show instead of the line. */
  readonly shown?: string;
}

/** A command that waits for company, leaves, and waits for its reply. */
export interface Departure<T extends Taker = Taker> {
  readonly kind: CommandKind;
  readonly command: Command;
  readonly taker: T;
  readonly options: RideOptions;
  /** Left in one segment with others. */
  together: boolean;
  /** Has a preliminary reply. */
  heard: boolean;
}

export const ALONE: RideOptions = {};

export function departing<T extends Taker>(kind: CommandKind, command: Command, taker: T, options = ALONE): Departure<T> {
  return { kind, command, taker, options, together: false, heard: false };
}

/**
 * Commands that leave at once, in pieces that end with one and fit into one packet each: ProFTPD garbles a command that reaches it in two
 * pieces, when the cut is between its CR and its LF.
 */
export function packetsOf(departures: readonly Departure[]): readonly string[] {
  const packets: string[] = [];
  let packet = '';
  for (const { command } of departures) {
    if (packet !== '' && packet.length + command.octets.length > PACKET_BYTES_MAX) {
      packets.push(packet);
      packet = '';
    }
    packet += command.octets;
  }
  packets.push(packet);
  return packets;
}

export function tooLong(shown: string): AppError {
  return new AppError(
    'name-too-long',
    `"${shorten(printable(readable(shown)), 80)}" is longer than ${COMMAND_BYTES_MAX} bytes, more than a command may hold`,
    { hint: 'Shorten the path or exclude it.' },
  );
}
