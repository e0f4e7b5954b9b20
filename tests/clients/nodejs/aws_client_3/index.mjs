// Runs version 3 of AWS's client as the managed runtimes do: its own program takes the working directory.
const { run } = await import(process.env.AWS_CLIENT);
await run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
