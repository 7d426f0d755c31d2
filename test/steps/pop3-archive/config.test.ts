import { describe, expect, it } from 'vitest';
import { check, toJsonSchema } from '../../../src/core/schema.ts';
import { configSchema } from '../../../src/steps/pop3-archive/config.ts';
import { pop3Archive } from '../../../src/steps/pop3-archive/index.ts';
import { configOf } from './context.ts';

function problems(written: Record<string, unknown>): string[] {
  const checked = check(configSchema, { connection: 'inbox', archive: 'mail', ...written });
  return checked.ok ? [] : checked.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('the settings of pop3/archive', () => {
  it('have defaults that delete nothing', () => {
    expect(configOf()).toEqual({ connection: 'inbox', archive: 'mail', format: 'mbox', delete: { when: 'never' }, seal: true });
  });

  it('are read with their units', () => {
    expect(configOf({ delete: '30d', limit: 5, 'max-size': '2MB' })).toMatchObject({
      delete: { when: 'age', ageMs: 30 * 86_400_000 },
      limit: 5,
      'max-size': 2 * 1024 * 1024,
    });
    expect(configOf({ delete: 'after-archive' }).delete).toEqual({ when: 'after-archive' });
  });

  it('refuse what is wrong or not built, in words', () => {
    expect(configOf({ attachments: { dir: 'x' } }).attachments).toEqual({ dir: 'x', types: [], names: [] });
    expect(problems({ attachments: { types: ['application/pdf'] } })).toHaveLength(1);
    expect(problems({ delete: 'always' })).toEqual(['delete: write never, after-archive, or an age like 30d']);
    expect(problems({ limit: 0 })).toHaveLength(1);
    expect(problems({ folder: 'x' })).toHaveLength(1);
  });

  it('become a JSON Schema and a line for people', () => {
    expect(Object.keys(toJsonSchema(configSchema)['properties'] as object)).toContain('max-size');
    expect(pop3Archive.describe(configOf({ delete: '30d', limit: 9 }))).toBe(
      'archive the mailbox of inbox into mail (delete 30d after archiving, at most 9 messages)',
    );
  });
});
