// A fresh process that answers one event by the Lambda bundle, as Lambda's runtime would: bundle, then event, then the answer.
const [bundle = "", event = ""] = process.argv.slice(2);
const { handler } = await import(bundle);
const answer = await handler(JSON.parse(event));
process.stdout.write(JSON.stringify(answer), () => process.exit(0));
