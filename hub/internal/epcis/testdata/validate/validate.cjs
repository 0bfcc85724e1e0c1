// Holds an EPCIS document on the input against the published schema, and its extensions against its context. It fails with what is wrong.
const { setup, validateEpcisDocument } = require('epcis2.js');
setup({ checkExtensions: true, validationMode: 'full' });
validateEpcisDocument(JSON.parse(require('fs').readFileSync(0, 'utf8')), true);
