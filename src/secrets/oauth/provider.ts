// The authorization servers that postrider knows by name, as data: addresses, scopes, ways to sign in, and where an app is registered.

export type ProviderName = 'google' | 'microsoft' | 'custom';
/** browser: the redirect comes back to this machine. device: a code is typed elsewhere. app: nobody signs in, the app itself does. */
export type LoginMethod = 'browser' | 'device' | 'app';

/** Addresses of one authorization server (RFC 8414 section 2). */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly tokenUrl: string;
  readonly authorizationUrl?: string;
  readonly deviceUrl?: string;
  /** How a client secret is sent (RFC 6749 section 2.3.1). Default `post`. */
  readonly clientAuth?: 'post' | 'basic';
}

export interface Provider {
  readonly title: string;
  /** `{tenant}` stands for the tenant. */
  readonly server?: AuthorizationServer;
  /** Of Microsoft's kind: whose directory. */
  readonly tenant?: string;
  /** What is asked for, by how somebody signs in. */
  readonly scopes: Readonly<Record<LoginMethod, string>>;
  /** The first is the default. */
  readonly methods: readonly LoginMethod[];
  readonly authorizationParameters: Readonly<Record<string, string>>;
  /** How the redirect address names this machine: what the provider compares differs. */
  readonly redirectHost: '127.0.0.1' | 'localhost';
  readonly needsSecret: (method: LoginMethod) => boolean;
  readonly howToRegister: string;
}

export const PROVIDERS: Readonly<Record<ProviderName, Provider>> = {
  google: {
    title: 'Google',
    server: {
      issuer: 'https://accounts.google.com',
      authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenUrl: 'https://oauth2.googleapis.com/token',
    },
    scopes: { browser: 'https://mail.google.com/', device: '', app: '' },
    // Google's device flow refuses every scope of mail.
    methods: ['browser'],
    authorizationParameters: { access_type: 'offline', prompt: 'consent' },
    redirectHost: '127.0.0.1',
    needsSecret: () => true,
    howToRegister:
      'Make an OAuth client of type “Desktop app” in the Google Cloud console (APIs & Services, Credentials), and publish the consent screen: in status “Testing” every sign-in ends after 7 days.',
  },
  microsoft: {
    title: 'Microsoft',
    tenant: 'common',
    server: {
      issuer: 'https://login.microsoftonline.com/{tenant}/v2.0',
      authorizationUrl: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize',
      tokenUrl: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token',
      deviceUrl: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode',
    },
    scopes: {
      browser: 'https://outlook.office.com/POP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access',
      device: 'https://outlook.office.com/POP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access',
      app: 'https://outlook.office365.com/.default',
    },
    methods: ['device', 'browser', 'app'],
    authorizationParameters: { prompt: 'select_account' },
    redirectHost: 'localhost',
    needsSecret: method => method === 'app',
    howToRegister:
      'Register an app at https://entra.microsoft.com (App registrations). For people: platform “Mobile and desktop” with http://localhost, “Allow public client flows” on, and the delegated permissions POP.AccessAsUser.All and SMTP.Send. For `--method app`: the application permissions POP.AccessAsApp and SMTP.SendAsApp with admin consent, a client secret, and New-ServicePrincipal and Add-MailboxPermission in Exchange.',
  },
  custom: {
    title: 'the authorization server',
    scopes: { browser: '', device: '', app: '' },
    methods: ['device', 'browser', 'app'],
    authorizationParameters: {},
    redirectHost: '127.0.0.1',
    needsSecret: method => method === 'app',
    howToRegister: 'Ask the operator of the authorization server for a client id for a native app.',
  },
};

/** The provider's server for a tenant; undefined for `custom`. */
export function presetServer(provider: ProviderName, tenant: string | undefined): AuthorizationServer | undefined {
  const { server, tenant: preset } = PROVIDERS[provider];
  if (server === undefined) return undefined;
  const fill = (url: string) => url.replace('{tenant}', encodeURIComponent(tenant ?? preset ?? ''));
  const { authorizationUrl, deviceUrl, issuer, tokenUrl } = server;
  return {
    issuer: fill(issuer),
    tokenUrl: fill(tokenUrl),
    ...(authorizationUrl === undefined ? {} : { authorizationUrl: fill(authorizationUrl) }),
    ...(deviceUrl === undefined ? {} : { deviceUrl: fill(deviceUrl) }),
  };
}
