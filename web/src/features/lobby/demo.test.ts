import { expect, it } from 'vitest';
import { otherAddress } from './demo';

it('offers the other name of this computer for a second login', () => {
  const at = (hostname: string, port = '8000'): string | null => otherAddress({ protocol: 'http:', hostname, port });
  expect([at('127.0.0.1'), at('localhost'), at('127.0.0.1', ''), at('multaqa.example')]).toEqual([
    'http://localhost:8000/', 'http://127.0.0.1:8000/', 'http://localhost/', null,
  ]);
});
