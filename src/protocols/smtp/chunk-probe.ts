// Proves that a server throws away the chunk of a refused mail instead of reading it as commands (emersion/go-smtp #315).
import type { Conversation } from './conversation.ts';

/** unknown: the server took the impossible recipient, so that nothing could be refused. */
export type ChunkingProof = 'proven' | 'refuted' | 'not-offered' | 'unknown';

/** Read as commands, these would be answered, and every later reply would come too early. */
const HARMLESS = Buffer.from('NOOP\r\nNOOP\r\nNOOP\r\n');

/** Sends no mail. The session is over afterwards. */
export async function proveChunking(talk: Conversation): Promise<ChunkingProof> {
  const { keywords, pipelining } = talk.session.extensions;
  if (!keywords.has('CHUNKING') || !pipelining) return 'not-offered';
  await talk.send([
    { verb: 'MAIL', from: undefined, parameters: [] },
    { verb: 'RCPT', to: undefined },
  ]);
  await talk.reply();
  if ((await talk.reply()).reply.code < 400) return 'unknown';
  const chunk = [...talk.encode([{ verb: 'BDAT', bytes: HARMLESS.length }]), HARMLESS];
  await talk.write(Buffer.concat([...chunk, ...talk.encode([{ verb: 'RSET' }, { verb: 'QUIT' }])]), 'BDAT');
  try {
    const [refusal, reset, goodbye] = [await talk.reply(), await talk.reply(), await talk.reply()];
    const inStep = refusal.reply.code >= 500 && reset.reply.code === 250 && goodbye.reply.code === 221;
    return inStep && (await talk.silentToItsEnd()) ? 'proven' : 'refuted';
  } catch {
    return 'refuted';
  }
}
