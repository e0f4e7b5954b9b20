console.log('loading on stdout');
process.stderr.write('loading on stderr\n');
let count = 0;

if (process.env.FAIL_INIT === 'raise') throw new TypeError('no use');
if (process.env.FAIL_INIT === 'exit') process.exit(9);

class ShopError extends Error {
  constructor(message) {
    super(message);
    this.name = 'ShopError';
  }
}

exports.handler = async (event, context) => {
  count += 1;
  switch (event.do) {
    case 'echo':
      return event.value;
    case 'nothing':
      return null;
    case 'raise':
      throw new ShopError('no such order: ü €');
    case 'exit':
      process.exit(event.status);
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    case 'segfault':
      process.kill(process.pid, 'SIGSEGV');
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    case 'wait':
      process.stdout.write('waiting\n');
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    case 'large':
      return 'x'.repeat(event.size);
    case 'log':
      process.stdout.write('first\n');
      process.stderr.write('second\n');
      process.stdout.write('third: ü €\n');
      process.stdout.write(`${JSON.stringify({ level: 'info', order: 'o-17' })}\n`);
      return null;
    case 'context':
      return {
        request_id: context.awsRequestId,
        function_name: context.functionName,
        arn: context.invokedFunctionArn,
        memory: Number(context.memoryLimitInMB),
        log_group: context.logGroupName,
        log_stream: context.logStreamName,
        version: context.functionVersion,
        remaining: context.getRemainingTimeInMillis(),
      };
    case 'env':
      return Object.fromEntries(event.names.map((name) => [name, process.env[name] ?? null]));
    default:
      return { count, process: process.pid };
  }
};
