// A data connection for tests that want to wait for it.
import type { ControlTransport, DataTransport, DataUse } from '../../src/protocols/net/transport.ts';

export function openData(control: ControlTransport, port: number, use?: DataUse, clear = false): Promise<DataTransport> {
  return new Promise((opened, failed) => control.openData(port, use, clear, { opened, failed }));
}
