// Every bound that the FTP client keeps against a hostile or broken server.

/** Entries of one folder. More than that is no folder that a mirror could walk in memory. */
export const LISTING_ENTRIES_MAX = 200_000;

/** All of one listing: twice what so many entries take. Bounds what is no entry (blank lines, totals), too, and long names. */
export const LISTING_BYTES_MAX = 64 * 1024 * 1024;

/** One line of a listing: a name of 255 characters, its facts, and a link's target. */
export const LISTING_LINE_BYTES_MAX = 16 * 1024;

/** 1yz replies to one command. */
export const PRELIMINARY_REPLIES_MAX = 1_000;

/** Commands in flight at once. */
export const COMMANDS_WAITING_MAX = 512;

/**
 * Commands that leave together, where several may, and that a server may have to buffer. ProFTPD reads 4,102 bytes at once, and garbles the
 * command whose CR and LF it gets in two reads: what fits into one read, in packets that end with a command, is never cut there.
 */
export const WINDOW_COMMANDS = 250;
export const WINDOW_BYTES = 4_000;

/** What fits into one packet on any way there is, TLS included. */
export const PACKET_BYTES_MAX = 1_200;

/** How long an abandoned transfer may take to be acknowledged; then the session is given up instead. */
export const ABORT_MS = 2_000;

/** How long a refusal may take that explains why a data connection could not be made. */
export const REFUSAL_MS = 5_000;

/** How long a server that refused a password may take to answer the command that came with it; then it has not seen that. */
export const UNHEARD_MS = 2_000;

/** The slowest rate at which a server may read a file that it is asked a checksum of. */
export const HASH_BYTES_PER_SECOND_MIN = 4 * 1024 * 1024;

/** How long QUIT waits for its goodbye. */
export const QUIT_MS = 5_000;

/** Bytes that may still lie in send buffers when an upload's last byte was handed over, and the slowest rate at which they may drain. */
export const UPLOAD_TAIL_BYTES_MAX = 4 * 1024 * 1024;
export const UPLOAD_TAIL_BYTES_PER_SECOND_MIN = 16 * 1024;

/** Pure-FTPd ends every listing here (its `-L` option) and says 226. */
export const PURE_FTPD_ENTRIES = 10_000;

/** What STAT may list of one folder, dots included: less than any limit at which Pure-FTPd is told to cut, since STAT does not say so. */
export const STATUS_LINES_MAX = 450;

/** A source up to here is handed to the system in one go; a larger one in pieces, each with a deadline. */
export const WHOLE_BYTES_MAX = 256 * 1024;

/** From here on a round trip costs more than a packet. */
export const FAR_MS = 10;

/** Up to here a round trip costs less than a few commands do. */
export const NEAR_MS = 1;
