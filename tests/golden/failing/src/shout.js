function loud (text) {
  return text.toUpperCase()
}

exports.handler = async (event) => loud(event.text)
