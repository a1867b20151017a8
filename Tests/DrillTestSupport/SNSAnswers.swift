/// What SNS answers to Publish.
package enum SNSAnswers {
  package static func published(_ id: String = "m-1") -> String {
    "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>\(id)</MessageId></PublishResult>"
      + "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PublishResponse>"
  }

  package static func error(_ code: String, _ message: String) -> String {
    "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>\(code)</Code>"
      + "<Message>\(message)</Message></Error><RequestId>r-2</RequestId></ErrorResponse>"
  }
}

extension RecordedRequest {
  /// The message attributes of a call of Publish by their names.
  package var messageAttributes: [String: String] {
    let form = form
    var found: [String: String] = [:]
    for (key, name) in form where key.hasPrefix("MessageAttributes.entry.") && key.hasSuffix(".Name") {
      found[name] = form["\(key.dropLast(4))Value.StringValue"]
    }
    return found
  }
}
