exports.send = async () => 1
