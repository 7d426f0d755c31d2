// POP3 as the rest of the program sees it: connectPop3() and the session that it opens.
export type { Capabilities } from './capabilities.ts';
export type { Ahead, Pop3Client } from './client.ts';
export { connectPop3, type Pop3Options } from './connect.ts';
export type { Listing, Stat } from './listing.ts';
export type { Deletions, Retrieved, RetrieveOptions, Wanted, Window } from './pipeline.ts';
