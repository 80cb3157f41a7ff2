import { isUtf8 } from 'node:buffer';
import { expect, test } from 'vitest';
import { SecretMask } from '../../../src/protocol/irc/secrets.js';

const newMask = (): SecretMask => new SecretMask(() => ['admin', 'chief']);
const hide = (text: string): string => Buffer.from(newMask().hide(Buffer.from(text))).toString();

test.each([
  ['PASS secret\r\n', 'PASS xxxxxx\r\n'],
  ['pass :two words\r\n', 'pass :xxx xxxxx\r\n'],
  [':me PASS secret\r\n', ':me PASS xxxxxx\r\n'],
  ['@label=a;b :me  PASS   secret\r\n', '@label=a;b :me  PASS   xxxxxx\r\n'],
  ['P\0ASS secret\r\n', 'P\0ASS xxxxxx\r\n'],
  ['\ufeffPASS secret\r\n', '\ufeffPASS xxxxxx\r\n'],
  ['PA\u017f\u017f secret\r\n', 'PA\u017f\u017f xxxxxx\r\n'],
  ['OPER admin secret\r\n', 'OPER admin xxxxxx\r\n'],
  ['OPER secret admin\r\n', 'OPER xxxxxx xxxxx\r\n'],
  ['OPER admiral secret\r\n', 'OPER admixxx xxxxxx\r\n'],
  ['AUTHENTICATE c2VjcmV0\r\n', 'AUTHENTICATE xxxxxxxx\r\n'],
  ['AUTHENTICATE plain\r\n', 'AUTHENTICATE plain\r\n'],
  ['AUTHENTICATE SCRAM-SHA-256\r\n', 'AUTHENTICATE SCRAM-SHA-256\r\n'],
  ['AUTHENTICATE +\r\nAUTHENTICATE *\r\n', 'AUTHENTICATE +\r\nAUTHENTICATE *\r\n'],
  ['AUTHENTICATE +c2Vj\r\n', 'AUTHENTICATE +xxxx\r\n'],
  ['REGISTER ann * secret\r\n', 'REGISTER xxx x xxxxxx\r\n'],
  ['WEBIRC secret gate host 1.2.3.4\r\n', 'WEBIRC xxxxxx gate host 1.2.3.4\r\n'],
  ['WEBIRC  :secret gate host\r\n', 'WEBIRC  :xxxxxx xxxx xxxx\r\n'],
  ['IDENTIFY secret\r\n', 'IDENTIFY xxxxxx\r\n'],
  ['NS IDENTIFY ann secret\r\n', 'NS IDENTIFY xxx xxxxxx\r\n'],
  ['nickserv id :ann two words\r\n', 'nickserv id :xxx xxx xxxxx\r\n'],
  ['NS secret\r\nNS GHOST\r\n', 'NS sexxxx\r\nNS GHOST\r\n'],
  ['NS GHOST ann secret\r\n', 'NS GHOST ann xxxxxx\r\n'],
  ['NS SET PASSWORD :se cret\r\n', 'NS SET PASSWORD :xx xxxx\r\n'],
  ['NS SET secret word\r\n', 'NS SET xxxxxx xxxx\r\n'],
  ['NS SET ALWAYS-ON on\r\n', 'NS SET ALWAYS-ON on\r\n'],
  ['NS CERT ADD abc def\r\n', 'NS CERT ADD abc def\r\n'],
  ['NS CLIENTS LOGOUT 12\r\n', 'NS CLIENTS LOGOUT 12\r\n'],
  ['NS PASSWD old new\r\n', 'NS PASSWD xxx xxx\r\n'],
  ['PRIVMSG NickServ :IDENTIFY secret\r\n', 'PRIVMSG NickServ :IDENTIFY xxxxxx\r\n'],
  ['PRIVMSG nickserv@services :set password  secret\r\n', 'PRIVMSG nickserv@services :set password  xxxxxx\r\n'],
  ['NOTICE NickServ :drop ann secret\r\n', 'NOTICE NickServ :drop xxx xxxxxx\r\n'],
  ['PRIVMSG nickservant :IDENTIFY secret\r\n', 'PRIVMSG nickservant :IDENTIFY secret\r\n'],
  ['CS REGISTER #a\r\n', 'CS REGISTER #a\r\n'],
  ['PASS secret HTTP/1.1\r\n', 'PASS xxxxxx HTTP/1xx\r\n'],
  ['GET /index.html HTTP/1.1\r\n', 'GET /index.html HTTP/1.1\r\n'],
  ['PASS a\rPRIVMSG #a :secret\nPASS b\n', 'PASS x\rPRIVMSG #a :secret\nPASS x\n'],
  ['PRIVMSG #a :PASS is a command\r\n', 'PRIVMSG #a :PASS is a command\r\n'],
  ['NICK ann\r\nUSER ann 0 * :Ann\r\n', 'NICK ann\r\nUSER ann 0 * :Ann\r\n'],
])('%j is shown as %j', (line, shown) => {
  expect(hide(line)).toBe(shown);
});

const sent = (text: string): string => Buffer.from(newMask().hideSent(Buffer.from(text))).toString();

test.each([
  ['AUTHENTICATE cj1h\r\n', 'AUTHENTICATE xxxx\r\n'],
  [
    ':a 900 b\r\n@batch=r1 AUTHENTICATE cj1h=\r\nAUTHENTICATE dj1i\r\n',
    ':a 900 b\r\n@batch=r1 AUTHENTICATE xxxxx\r\nAUTHENTICATE xxxx\r\n',
  ],
  ['AUTHENTICATE +\r\n', 'AUTHENTICATE +\r\n'],
  ['AUTHENTICATE +cj1\r\n', 'AUTHENTICATE xxxx\r\n'],
  [':a!a@a PRIVMSG #a :AUTHENTICATE cj1h\r\n', ':a!a@a PRIVMSG #a :AUTHENTICATE cj1h\r\n'],
])('%j that a client is sent is shown as %j', (text, shown) => {
  expect(sent(text)).toBe(shown);
});

test('what a client is sent is hidden in whatever pieces it leaves', () => {
  const stream = ':a 001 b\r\n@label=x AUTHENTICATE cj1h\r\nAUTHENTICATE dj1i\r\n:a PONG AUTHENTICATE x\r\n';
  const whole = sent(stream);
  for (let size = 1; size < stream.length; size += 1) {
    const mask = newMask();
    const pieces = stream.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    expect(Buffer.concat(pieces.map((piece) => mask.hideSent(Buffer.from(piece)))).toString()).toBe(whole);
  }
});

test('bytes are hidden alike in whatever pieces they arrive', () => {
  const stream = Buffer.from('@a=b :me PASS :se cret\r\nOPER admin other\r\nOPER adm\r\nPRIVMSG #a :hello\r\n');
  const whole = Buffer.from(newMask().hide(stream));
  for (let size = 1; size < stream.length; size += 1) {
    const mask = newMask();
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) pieces.push(mask.hide(stream.subarray(at, at + size)));
    expect(Buffer.concat(pieces)).toEqual(whole);
  }
});

const isGbk = (bytes: Uint8Array): boolean => {
  try {
    new TextDecoder('gb18030', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

test('a hidden password is valid in the charsets in which the password is', () => {
  const passwords = [
    ...['pässwörd', '密码一二三', '😀😁', 'ключ'].map((text) => Buffer.from(text)),
    ...['c3dcc2eb', '8140a080', 'b0a1fe50', '81308130', 'ff', '80', 'c3'].map((hex) => Buffer.from(hex, 'hex')),
  ];
  for (const password of passwords) {
    const hidden = newMask()
      .hide(Buffer.concat([Buffer.from('PASS '), password]))
      .subarray('PASS '.length);
    expect([isUtf8(hidden), isGbk(hidden)], password.toString('hex')).toEqual([isUtf8(password), isGbk(password)]);
  }
});
