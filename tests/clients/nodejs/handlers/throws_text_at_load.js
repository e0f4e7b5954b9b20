throw 'text at load';
