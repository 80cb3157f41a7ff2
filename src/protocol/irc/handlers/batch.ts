/** BATCH from a client: messages of several lines (IRCv3 client-batch, multiline). */
import type { Client } from '../client.js';
import type { Message } from '../message.js';
import { type BatchFailure, invalidBatch, MultilineDraft } from '../multiline.js';
import { sayTo } from '../saying.js';

const MULTILINE = 'draft/multiline';
/** A reference tag: letters, digits and hyphens (batch, "Reference tags"). */
const REFERENCE = /^[+-][A-Za-z0-9-]{1,64}$/;
/** Commands that may be sent between the lines of a batch: signs of life, and the end. */
const BESIDE = new Set(['PING', 'PONG', 'QUIT']);

function mayBatch(client: Client): boolean {
  return client.has(MULTILINE) && client.has('batch');
}

/** BATCH: `+reference draft/multiline target`, and `-reference`. */
export function batch(client: Client, message: Message): void {
  if (!mayBatch(client)) {
    client.reply('ERR_UNKNOWNCOMMAND', 'BATCH');
    return;
  }
  const [reference = ''] = message.params;
  if (!REFERENCE.test(reference)) fail(client, invalidBatch('Invalid reference tag'));
  else if (reference.startsWith('+')) open(client, message);
  else close(client, reference.slice(1));
}

function open(client: Client, { params, clientTags, label }: Message): void {
  const [reference = '', type = '', target = ''] = params;
  if (client.draft !== null) {
    fail(client, invalidBatch('Another batch is open'));
  } else if (type !== MULTILINE) {
    fail(client, invalidBatch('Unknown type of batch'));
  } else if (target === '') {
    fail(client, invalidBatch('No target given'));
  } else {
    const openedAtMs = client.server.directory.now();
    const isLabeled = client.postponeLabel();
    const tags = client.has('message-tags') ? [...clientTags] : [];
    client.draft = new MultilineDraft({
      reference: reference.slice(1),
      target,
      label: isLabeled ? label : null,
      tags,
      openedAtMs,
    });
  }
}

function close(client: Client, reference: string): void {
  const { draft } = client;
  if (draft?.reference !== reference) {
    fail(client, invalidBatch('No such batch is open'));
    return;
  }
  client.draft = null;
  if (draft.isBroken) return;
  if (draft.label !== null) client.resumeLabel(draft.label);
  const { text, failure } = draft.end();
  if (failure !== null) client.fail('BATCH', failure.code, failure.context, failure.text);
  else sayTo(client, 'PRIVMSG', draft.target, { type: 'message', text, tags: draft.tags, isDivisible: false });
}

/**
 * Takes a line that belongs to a batch, and judges one that does not while a batch is open.
 *
 * @returns whether nothing else is to be done about it
 */
export function takeBatched(client: Client, message: Message): boolean {
  const { draft } = client;
  const { command, batch: reference } = message;
  if (command === 'BATCH' || BESIDE.has(command) || (draft === null && (reference === null || !mayBatch(client)))) {
    return false;
  }
  if (draft?.reference !== reference) return refuseStray(client, reference);
  if (draft.isBroken) return true;
  const { fold } = client.server.directory;
  const failure =
    command === 'PRIVMSG'
      ? draft.add(message, fold, client.server.directory.now())
      : invalidBatch('Only PRIVMSG may be in a batch');
  if (failure !== null) fail(client, failure);
  return true;
}

/** A line that does not belong to the open batch. @returns whether it is dropped */
function refuseStray(client: Client, reference: string | null): boolean {
  fail(client, invalidBatch('Not a line of the open batch'));
  if (reference !== null) return true;
  // A line without a batch is a command as any other, and the batch is over.
  client.draft = null;
  return false;
}

/** Refuses the batch that is open, once, as the answer to the command that opened it. */
function fail(client: Client, { code, context, text }: BatchFailure): void {
  const { draft } = client;
  if (draft?.isBroken === true) return;
  if (draft !== null) draft.isBroken = true;
  client.sendBeside(() => {
    client.fail('BATCH', code, context, text);
  }, draft?.label ?? null);
}
