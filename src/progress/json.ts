// `run --json`: one event a line on stdout, nothing else there.
import { eventToJson } from '../run/events.ts';
import type { Renderer, RendererIo } from './screen.ts';

export function jsonRenderer({ stdout }: RendererIo): Renderer {
  return {
    name: 'json output',
    on: event => void stdout.write(`${eventToJson(event)}\n`),
    close: async () => undefined,
  };
}
