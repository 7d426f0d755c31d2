import { Args, Flags } from '@oclif/core';
import { login } from '../app/secrets/login.ts';
import { BaseCommand, stateFlag } from './base.ts';

export default class Login extends BaseCommand {
  static override summary = 'Sign in by OAuth2 at Google, Microsoft or another server, for connections that say `oauth2: NAME`.';
  static override description =
    'Done once; the tokens are kept in the vault or the keychain and renewed by themselves.\n' +
    'The client id and secret of your app registration come from the secrets NAME-client-id and NAME-client-secret, else ' +
    'PROVIDER-client-id and PROVIDER-client-secret, or are asked for; they are never arguments.\n' +
    'device: a short code is typed in any browser. browser: the browser comes back to this machine (or its last address is ' +
    'pasted). app: the app signs in by itself, without a person (Microsoft’s app-only POP and SMTP).';
  static override examples = [
    '<%= config.bin %> login robot --provider google',
    '<%= config.bin %> login robot --provider microsoft --tenant example.onmicrosoft.com --method app',
    '<%= config.bin %> login robot --provider custom --issuer https://id.example.org --scope "mail offline_access"',
  ];
  static override args = { name: Args.string({ required: true, description: 'as connections write it: oauth2: NAME' }) };
  static override flags = {
    state: stateFlag,
    provider: Flags.option({
      options: ['google', 'microsoft', 'custom'] as const,
      required: true,
      description: 'whose account',
    })(),
    method: Flags.option({
      options: ['device', 'browser', 'app'] as const,
      description: 'how to sign in; the default depends on the provider',
    })(),
    tenant: Flags.string({ helpValue: 'ID', description: 'Microsoft: the directory’s id or domain' }),
    issuer: Flags.string({ helpValue: 'URL', description: 'custom: where the server describes itself' }),
    'authorization-url': Flags.string({ helpValue: 'URL', description: 'custom: instead of --issuer' }),
    'token-url': Flags.string({ helpValue: 'URL', description: 'custom: instead of --issuer' }),
    'device-url': Flags.string({ helpValue: 'URL', description: 'custom: instead of --issuer' }),
    scope: Flags.string({ helpValue: 'SCOPES', description: 'what to ask for; the default is the provider’s for POP and SMTP' }),
    port: Flags.integer({ min: 0, max: 65_535, default: 0, description: 'browser: the port it comes back to; 0 is any' }),
    backend: Flags.option({
      options: ['vault', 'keychain'] as const,
      default: 'vault',
      description: 'where the tokens are kept',
    })(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Login);
    const { provider, method, tenant, issuer, scope, port, backend } = flags;
    const addresses = {
      issuer,
      authorizationUrl: flags['authorization-url'],
      tokenUrl: flags['token-url'],
      deviceUrl: flags['device-url'],
    };
    const request = { name: args.name, provider, method, tenant, ...addresses, scope, port, backend };
    const { place } = await this.oneOff({ state: flags.state }, one => login(request, one));
    this.say(`Signed in as ${args.name}; the tokens are in ${place}.`);
    this.say(`Use it on a connection: { type: smtp, host: …, user: …, oauth2: ${args.name} }`);
  }
}
