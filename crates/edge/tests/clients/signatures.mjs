// Signs and verifies with the published library; see ../it/signature_clients.rs for what goes in and out.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { Webhook } = createRequire(`${process.argv[2]}/`)('standardwebhooks');
const { sign, verify } = JSON.parse(readFileSync(0, 'utf8'));

const signed = sign.map(({ secret, id, timestamp, body }) =>
  new Webhook(secret).sign(id, new Date(timestamp * 1000), body),
);
const verified = verify.map(({ secret, id, timestamp, body, signature }) => {
  try {
    new Webhook(secret).verify(body, {
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    });
    return null;
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify({ signed, verified }));
