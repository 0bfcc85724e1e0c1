// Checks a request by the Standard Webhooks scheme: {secret, headers, body} on the input, failure where it does not hold.
const { Webhook } = require('standardwebhooks');
const { secret, headers, body } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
new Webhook(secret).verify(body, headers);
