// Every bound that the POP3 client keeps beside those of the shared wire code.

/** Lines of LIST or UIDL: one a message. */
export const LISTING_ENTRIES_MAX = 1_000_000;

/** All of them: so many with UIDs of 70 octets, which is the longest that RFC 1939 allows. */
export const LISTING_BYTES_MAX = 96 * 1024 * 1024;

/** One line of LIST, UIDL or CAPA; RFC 1939 allows 70 octets for a UID, real servers send somewhat more. */
export const LISTING_LINE_BYTES_MAX = 2_048;

export const CAPABILITY_LINES_MAX = 200;

/** Commands sent and not answered. Dovecot reads at most 2,048 bytes of commands ahead. */
export const OUTSTANDING_COMMANDS_MAX = 100;

/** So many RETRs leave together while the listing still arrives. */
export const AHEAD_COMMANDS = 50;

/** After so many RETRs, or so many bytes of messages, the server is asked which message it has come to. */
export const UNCHECKED_COMMANDS_MAX = 32;
export const UNCHECKED_BYTES_MAX = 4 * 1024 * 1024;

/** Bytes of messages asked for and not received, by the sizes that LIST told. */
export const IN_FLIGHT_BYTES_MAX = 8 * 1024 * 1024;

/** A longer command line takes the challenge form of AUTH (RFC 5034 section 4). */
export const AUTH_LINE_BYTES_MAX = 255;

/** What is read and thrown away to keep the session when a message is abandoned half way; beyond it the connection is closed. */
export const DISCARD_BYTES_MAX = 16 * 1024 * 1024;

/** What the window counts for the header of a message, whose size nobody tells. */
export const TOP_BYTES_TYPICAL = 16 * 1024;
