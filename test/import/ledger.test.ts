import { expect, it } from 'vitest';
import { Ledger } from '../../src/import/ledger.ts';

it('tells every statement that was entered and of which nothing became, in the order of the files', () => {
  const ledger = new Ledger();
  const [late, early, carried, partly, looked] = [3, 1, 4, 5, 6].map((line) => ledger.enter('a', line, 'x'));
  ledger.comment(late!, 'one');
  ledger.comment(late!, 'one');
  ledger.comment(late!, 'two');
  ledger.carry(carried!, partly!);
  ledger.comment(partly!, 'in part');
  ledger.ignore(looked!);
  expect(early).toMatchObject({ line: 1 });
  const account = ledger.account();
  expect(account.carried.map(({ line }) => line)).toEqual([4, 5]);
  expect(account.comments.map(({ line, reason }) => [line, reason])).toEqual([
    [1, 'not carried over'],
    [3, 'one; two'],
    [5, 'in part'],
  ]);
});
