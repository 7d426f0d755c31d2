// What counts as a cron expression, and what is said of one that does not.
import { describe, expect, it } from 'vitest';
import { checkSchedule } from '../../src/schedule/cron.ts';

const check = (expression: string, seconds = false) => checkSchedule({ cron: expression, seconds, hashSeed: 'job' })?.message;

describe('checkSchedule', () => {
  it.each([
    '* * * * *',
    '30 2 * * *',
    '@daily',
    '@weekly',
    'H H * * *',
    'H(0-5) * * * *',
    'H/15 * * * *',
    '0 0 L * *',
    '0 0 * * 5L',
    '0 0 * * mon#2',
    '0 0 29 2 *',
    '*/5 9-17 * jan-mar mon-fri',
    '0 0 * * 7',
    '0,30 * * * *',
  ])('takes %s', expression => expect(check(expression)).toBeUndefined());

  it('takes six fields only when seconds are asked for', () => {
    expect(check('0 0 2 * * *', true)).toBeUndefined();
    expect(check('0 0 2 * * *')).toMatch(/6 fields, but needs five/);
    expect(check('0 2 * * *', true)).toMatch(/5 fields, but needs six/);
  });

  it.each([
    ['', /is empty/],
    ['   ', /is empty/],
    ['0 2 * *', /4 fields, but needs five/],
    ['60 * * * *', /the minute "60" is not between 0 and 59/],
    ['* 24 * * *', /the hour "24" is not between 0 and 23/],
    ['* * 0 * *', /the day of month "0" is not between 1 and 31/],
    ['* * * 13 *', /the month "13" is not between 1 and 12/],
    ['* * * * 8', /the day of week "8" is not between 0 and 7/],
    ['0 0 31 2 *', /would never run/],
    ['0 0 31 4,6,9,11 *', /would never run/],
    ['*/0 * * * *', /a step/],
    ['*/90 * * * *', /takes steps of 90/],
    ['5-1 * * * *', /ends before it begins/],
    ['* * * jnu *', /is a name that is not known/],
    ['* * * * mon#6', /occurrence/],
    ['@midnite', /there is no "@midnite"/],
    ['x * * * *', /the minute "x" cannot be read/],
    ['*'.repeat(300), /longer than/],
  ])('refuses %j', (expression, words) => expect(check(expression)).toMatch(words));

  it.each([
    ['0 2 * *', false, /such as "30 2/],
    ['0 0 2 * * *', false, /add `seconds: true`/],
    ['0 2 * * *', true, /remove `seconds: true`/],
    ['@midnigth', false, /Did you mean @midnight/],
    ['@daily', true, /Remove `seconds`/],
    ['0 0 31 2 *', false, /L is the last day/],
    ['* * * jnu *', false, /jan, feb/],
    ['* * * * mon#6', false, /fri#1 to fri#5/],
    ['*/0 * * * *', false, /\*\/15/],
  ])('says what to do about %j (seconds: %j)', (cron, seconds, hint) => {
    expect(checkSchedule({ cron, seconds, hashSeed: 'job' })?.hint).toMatch(hint);
  });

  it('reads an expression of 256 characters, and none of 257', () => {
    const upTo = (end: number) => Array.from({ length: end }, (_, i) => i).join();
    const onDays = (days: string) => `${upTo(60)} ${upTo(24)} ${days} * *`;
    const [fits, isLonger] = [onDays('1,2,3,4,5,6,7,8,9,10'), onDays('1,2,3,4,5,6,7,8,10,11')];
    expect([fits.length, isLonger.length]).toEqual([256, 257]);
    expect(check(fits)).toBeUndefined();
    expect(check(isLonger)).toMatch(/longer than 256 characters/);
  });
});
