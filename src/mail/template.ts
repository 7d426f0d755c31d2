// Mail bodies from a person's own Liquid template: it sees the data it is given and nothing else, and cannot run away.
import { Liquid } from 'liquidjs';
import { AppError } from '../core/errors.ts';
import { printable } from '../core/text.ts';

/** Of the template's text. */
const TEMPLATE_CHARS_MAX = 256 * 1024;
const RENDER_MS_MAX = 2_000;
const MEMORY_MAX = 20_000_000;

export interface TemplateOptions {
  /** Values are escaped for HTML unless the template says `| raw`. */
  readonly html: boolean;
  /** For messages. */
  readonly name: string;
}

/** Throws AppError `template-invalid`. */
export async function renderTemplate(text: string, data: object, { html, name }: TemplateOptions): Promise<string> {
  const nothing = () => Promise.reject(new Error('a template cannot read other files'));
  const engine = new Liquid({
    ...(html ? { outputEscape: 'escape' as const } : {}),
    ownPropertyOnly: true,
    relativeReference: false,
    strictFilters: true,
    parseLimit: TEMPLATE_CHARS_MAX,
    renderLimit: RENDER_MS_MAX,
    memoryLimit: MEMORY_MAX,
    fs: {
      readFile: nothing,
      readFileSync: () => {
        throw new Error('a template cannot read other files');
      },
      exists: async () => false,
      existsSync: () => false,
      contains: async () => false,
      containsSync: () => false,
      resolve: (_dir: string, file: string) => file,
    },
  });
  try {
    return String(await engine.parseAndRender(text, data));
  } catch (cause) {
    const said = printable(cause instanceof Error ? cause.message : String(cause));
    throw new AppError('template-invalid', `the template ${name} cannot be used: ${said}`, {
      hint: 'It is Liquid (liquidjs.com); `postrider report preview last` shows what comes of it.',
      cause,
    });
  }
}
