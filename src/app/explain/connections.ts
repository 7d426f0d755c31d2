// Error codes of connections: names, ports, TLS, proxies, the protocols themselves.
import type { Explanations } from './explanation.ts';

const HOSTILE =
  'Do not go on: if it comes again, somebody may be in between, or the server is broken. Compare from another network.';

export const CONNECTION_CODES: Explanations = {
  aborted: ['The work was stopped while the connection was being made.', 'Start it again when it was not you who stopped it.'],
  'account-required': [
    'The FTP server asks for an account (ACCT) besides user and password.',
    'Ask its operator for a login without one; postrider has no setting for it.',
  ],
  'ca-invalid': [
    'The file named by `ca` cannot be read, or holds no certificate.',
    'Give the PEM file of the authority, with -----BEGIN CERTIFICATE----- in it.',
  ],
  'connect-failed': [
    'The system could not make the connection.',
    'Check host, port and network; `postrider doctor NAME` looks step by step.',
  ],
  'connect-timed-out': [
    'Nothing answered at that address in time; a firewall often drops such packets silently.',
    'Check host and port, and whether this machine may leave the network on that port.',
  ],
  'connection-cut': [
    'The server or the network ended the connection in the middle.',
    'postrider tries again by itself; when it goes on, look into the log of the server.',
  ],
  'connection-refused': [
    'The machine is there, but nothing listens on that port.',
    'Check `port` and `tls`; is the server running?',
  ],
  'connection-type': ['The step needs another kind of connection.', 'Name a connection of the right `type`.'],
  'connection-unknown': [
    'There is no connection of that name.',
    'Write it into connections.yaml or under `connections`; names are compared exactly.',
  ],
  'data-connect-failed': [
    'FTP sends files over a second connection, which could not be made.',
    'The firewall of the server must allow its passive ports; else try `passive: false`.',
  ],
  'data-not-opened': [
    'In active mode the FTP server has to connect to this machine, and did not.',
    'Remove `passive: false`, unless this machine can be reached from outside.',
  ],
  'encoding-unknown': [
    '`encoding` names no charset that is known here.',
    'Write a label such as latin1 or windows-1252, or nothing for UTF-8.',
  ],
  'greeting-refused': [
    'The server turned us away before anything was said.',
    'It may be overloaded, or block this address; its words stand in the message.',
  ],
  'host-not-found': [
    'There is no host of that name, or this machine’s DNS does not know it.',
    'Check `host` for a typing mistake; then `postrider doctor`.',
  ],
  'host-unreachable': ['There is no way to that host from here.', 'Check the network, VPN and routes of this machine.'],
  'hostname-invalid': ['`hostname` is not what EHLO may carry.', 'Write a full name such as mail.example.org, or leave it out.'],
  'line-too-long': ['The server sent a line longer than any true one.', HOSTILE],
  'name-lookup-failed': ['DNS does not answer just now.', 'postrider tries again; check this machine’s network and DNS.'],
  'not-connected': ['The shell has no connection at the moment.', 'Type `open URL`.'],
  'already-connected': ['The shell has a connection already.', 'Type `close` first.'],
  'not-offered': ['The server does not offer this command.', 'There is nothing to do on this side.'],
  'plaintext-injected': [
    'Bytes came in clear text just before TLS began: an attempt to slip in replies (STARTTLS injection).',
    HOSTILE,
  ],
  'protection-refused': [
    'The FTP server would not encrypt its data connections.',
    'Ask its operator for PROT P; only if clear text is acceptable: `protection: control`.',
  ],
  'protocol-broken': [
    'The server said something that its protocol does not allow, so nothing more of it is believed.',
    'Check that host, port and `type` belong together; show the operator the message.',
  ],
  'protocol-unexpected': [
    'The server answered with a reply that does not fit the command.',
    'Run again with `--transcript` and show the operator the dialogue.',
  ],
  'proxy-active': [
    'In active mode the server connects to this machine, which no proxy lets it do.',
    'Remove `passive: false` or `proxy`.',
  ],
  'proxy-invalid': [
    '`proxy` is no address of a proxy, or another kind of server answers there.',
    'Write socks5://host:port or http://host:port, with %25 for a percent sign in a password that is no expression.',
  ],
  'proxy-refused': [
    'The proxy would not, or could not, make the connection.',
    'Its rules must allow that host and port, for FTP the data ports, too; many HTTP proxies allow CONNECT to port 443 alone.',
  ],
  'proxy-sign-in-refused': ['The proxy does not accept this user or password.', 'Check the sign-in within `proxy`.'],
  'reply-unexpected': [
    'The SMTP server answered with a code that does not fit.',
    'Run again with `--transcript` and show the operator the dialogue.',
  ],
  'server-breaks-off': [
    'The server ends every connection before the work is done.',
    'It may limit connections or mails; lower `max-connections`, or ask its operator.',
  ],
  'server-busy': ['The server says that it is busy just now.', 'postrider tries again later by itself.'],
  'server-closed': ['The server ended the session.', 'postrider tries again; servers do that after a while without commands.'],
  'server-closing': ['The server is shutting down, or ends this session (421).', 'postrider tries again later by itself.'],
  'server-refused': ['The server refused to serve this machine.', 'Its words stand in the message; the address may be blocked.'],
  'session-ended': ['The session was over before the command was sent.', 'Run it again.'],
  'timed-out': [
    'No answer came within the connection’s `timeout`.',
    'The server or the network is slow or stuck; raise `timeout` if that is normal.',
  ],
  'tls-expired': [
    'The server’s certificate has expired, or is not valid yet.',
    'Have it renewed; check the clock of this machine.',
  ],
  'tls-failed': [
    'The TLS handshake failed.',
    'The server may be older than TLS 1.2, which is the least; `postrider doctor NAME` shows more.',
  ],
  'tls-fingerprint-mismatch': [
    'The certificate is not the one that `fingerprint` pins.',
    'If it was renewed on purpose, pin the new one; else somebody may be in between.',
  ],
  'tls-mode-mismatch': [
    'TLS begins at once on one side and after a command on the other.',
    'Write `tls: implicit` for ports 990, 995, 465, `tls: explicit` for 21, 110, 587.',
  ],
  'tls-name-mismatch': [
    'The certificate was made for another name.',
    'Use a name that stands in it as `host`; `postrider doctor NAME` lists them.',
  ],
  'tls-refused': [
    'The server does not offer TLS, or refuses it, and the password is not sent without.',
    'Ask its operator; where clear text is acceptable, write `tls: none`.',
  ],
  'tls-required': [
    'The server takes sign-ins under TLS only, and the connection says `tls: none`.',
    'Leave `tls: none` out; change the password, too, if it went over a network in clear text.',
  ],
  'tls-untrusted': [
    'No authority that this machine trusts has signed the certificate.',
    '`postrider doctor NAME` prints the lines that would trust it.',
  ],
  'tls-version-refused': [
    'The server speaks newer versions of TLS only than `tls-max` allows.',
    'Remove `tls-max` from the connection.',
  ],
  'too-many-connections': [
    'The server allows fewer sessions at once.',
    'Lower `parallel` on the step or set `max-connections` on the connection.',
  ],
  'wrong-server': [
    'Another kind of server answers on that port.',
    'Correct `type` or `port`; the message says which kind it is.',
  ],
};

export const SIGN_IN_CODES: Explanations = {
  'keychain-missing': [
    'The system’s keychain was asked for and cannot be used here.',
    'On Linux it needs libsecret, D-Bus and a keyring; or use the vault: `--backend vault`.',
  ],
  'keychain-locked': [
    'The system’s keychain is locked: it says nothing of what is in it.',
    'Sign in on the desktop, or start the keyring with its password; what runs by itself is better served by the vault or files.',
  ],
  'login-delay': [
    'The POP3 server wants a pause between two sign-ins.',
    'Run the job less often; postrider waits and tries again.',
  ],
  'oauth-broken': [
    'What answers at the address of the authorization server is none.',
    'Check --issuer, --token-url and --device-url; a captive portal looks like this, too.',
  ],
  'oauth-busy': [
    'Another process renews this sign-in and does not end.',
    'If nothing runs there any more, remove the lock file that the message names.',
  ],
  'oauth-client': [
    'The authorization server does not know the client id, the client secret is wrong or has expired, or the app may not sign in this way.',
    'Compare with the app’s registration; store a new secret with `postrider secret set NAME-client-secret`.',
  ],
  'oauth-consent': [
    'Nobody has agreed to what is asked for, or a policy forbids it.',
    'Sign in again and agree; in an organisation an administrator may have to consent first.',
  ],
  'oauth-expired': [
    'The sign-in was taken back, has run out, or the password was changed. Google ends those of apps in status “Testing” after 7 days.',
    'Sign in again: `postrider login NAME`.',
  ],
  'oauth-missing': [
    'A connection says `oauth2: NAME`, and nobody has signed in under that name on this machine.',
    '`postrider login NAME --provider google|microsoft|custom`',
  ],
  'oauth-refused': [
    'The authorization server refused for a reason that postrider does not know.',
    'Its words stand in the message; sign in again.',
  ],
  'oauth-scope': [
    'The permission to use POP or SMTP was not given.',
    'Add it to the app’s registration, sign in again, and tick everything that is asked for.',
  ],
  'oauth-tenant': [
    'The directory (tenant) does not know this app or this user.',
    'Give its id or domain: `--tenant example.onmicrosoft.com`.',
  ],
  'oauth-timed-out': [
    'Nobody opened the address or typed the code in time.',
    'Start the login again, and open the address right away.',
  ],
  'oauth-unreachable': [
    'The authorization server cannot be reached, or is overloaded.',
    'postrider tries again later; check the network.',
  ],
  'oauth-unreadable': ['What is kept of the sign-in cannot be read.', 'Sign in again: `postrider login NAME`.'],
  'secret-empty': ['The secret is there, and empty.', 'Store it again; an empty variable or file counts as a mistake.'],
  'secret-invalid': [
    'A user, password or token holds a line end or another character that cannot be sent.',
    'Store it again without; a text editor may have added a line end.',
  ],
  'secret-missing': [
    'No source has this secret.',
    '`postrider secret set NAME`, or POSTRIDER_SECRET_NAME, or a file NAME in /run/secrets; `postrider secret check JOB` shows all.',
  ],
  'secret-name': [
    'This cannot be the name of a secret here.',
    'Letters, digits, - and _, beginning with a letter; `oauth2-NAME` belongs to `postrider login`.',
  ],
  'secret-too-big': ['A secret is larger than 64 KB.', 'A secret is a password or a token, not a file.'],
  'secret-unusable': ['The password cannot be sent to an FTP server.', 'It must hold no line end; store it again.'],
  'server-unproven': ['The server did not prove that it knows the password (SCRAM).', HOSTILE],
  'sign-in-deferred': ['The server cannot check passwords just now.', 'postrider tries again later by itself.'],
  'sign-in-refused': [
    'The server does not accept this user and password, or this token.',
    'Check `user` and the secret; large providers want an app password or OAuth2.',
  ],
  'sign-in-unsafe': [
    'The server’s part of the sign-in is not to be trusted, or the password holds characters that SCRAM forbids.',
    HOSTILE,
  ],
  'sign-in-unsupported': [
    'Server and postrider know no common way to sign in.',
    'The message lists what the server offers; TLS often brings more: `tls: explicit`.',
  ],
  'user-missing': ['The connection has no `user`.', 'Add it.'],
  'vault-busy': [
    'Another process is writing the vault and does not end.',
    'If nothing runs there any more, remove the lock file that the message names.',
  ],
  'vault-damaged': [
    'The vault cannot be read: a part is missing or changed.',
    'The version before the last change is beside it: `cp vault.age.bak vault.age`.',
  ],
  'vault-locked': [
    'The key does not open the vault, or there is none.',
    'Set POSTRIDER_VAULT_PASSPHRASE or POSTRIDER_VAULT_KEY_FILE.',
  ],
  'vault-newer': ['A newer version of postrider wrote the vault.', 'Install that version or a later one.'],
};
