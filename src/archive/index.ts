// The archive as the rest of the program sees it: accounts opened for writing, messages read back.
export { AccountArchive, type ArchiveFormat, type ArchiveOptions, openAccount, openFolder } from './account.ts';
export { AccountIndex, firstSeen, loadIndex } from './account-index.ts';
export type { Extracted } from './attachments/extract.ts';
export { accountsOf, type CatalogOptions, findMessage, type ListedMessage, listMessages } from './catalog.ts';
export { dateOf } from './date-of.ts';
export { type Exported, type ExportFormat, exportArchive } from './export.ts';
export { type ArchiveFile, type ArchiveFiles, nodeFiles } from './files.ts';
export { HeaderPeek } from './headers.ts';
export { type Imported, importMail } from './import.ts';
export type { CompleteMessage, Incoming } from './incoming.ts';
export { accountFolder } from './layout.ts';
export type { StoredMessage } from './message-table.ts';
export { periodOf } from './period.ts';
export { listAccounts, MessageReader, readMessage, wholeMessage } from './reader.ts';
export type { SealedMonth } from './seal/seal.ts';
export {
  MATCH_END,
  MATCH_START,
  reindexArchive,
  type SearchHit,
  type SearchResult,
  searchArchive,
} from './search/search.ts';
export { AccountState, type Failures } from './state.ts';
export { type ArchiveStats, archiveStats, type MonthStats, type SenderStats } from './stats.ts';
export { type Verification, verifyArchive } from './verify.ts';
export type { Problem } from './verify-month.ts';
