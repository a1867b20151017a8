package import DrillModel
package import HTTPTransport

/// Puts metrics into Amazon CloudWatch (query API 2010-08-01). Blocks its caller, and belongs to one thread at a time.
package final class CloudWatchClient {
  private let caller: AWSCaller
  private let region: String

  package init(_ connection: AWSConnection, region: String, http: any HTTPExchanging, options: HTTPOptions = HTTPOptions()) {
    caller = AWSCaller(connection, http: http, options: options)
    self.region = region
  }

  /// Puts all data points in one call, with the retries of the standard mode. CloudWatch has no id to drop duplicates by: a point that
  /// was put twice counts twice in sums and once in maxima.
  package func put(_ data: [MetricDatum], namespace: String) throws(AWSFailure) {
    var parameters = [("Namespace", namespace)]
    for (index, datum) in data.enumerated() { parameters += datum.parameters("MetricData.member.\(index + 1)") }
    let request = AWSRequest.query(
      service: "monitoring", region: region, action: "PutMetricData", version: "2010-08-01", parameters)
    let response = try caller.call(request, mayRepeat: true)
    // A portal or a store that answers 200 to everything has put nothing.
    guard XMLReader.read(response.body)?.name == "PutMetricDataResponse" else {
      throw AWSFailure(
        kind: .maybeDone, code: "noAnswer",
        message: "The endpoint answered \(response.status) with something else; is it really CloudWatch?",
        status: response.status, requestID: nil, retryAfter: nil, attempts: 1)
    }
  }
}

/// One data point ("MetricDatum", Amazon CloudWatch API Reference).
package struct MetricDatum: Sendable, Hashable {
  package enum Unit: String, Sendable {
    case seconds = "Seconds"
    case count = "Count"
  }

  package let name: String
  package let value: Double
  package let unit: Unit
  /// At most two weeks ago, or CloudWatch refuses it.
  package let at: Timestamp
  /// In the order that they are shown.
  package let dimensions: [Dimension]

  package struct Dimension: Sendable, Hashable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(_ name: String, _ value: Double, _ unit: Unit, at: Timestamp, _ dimensions: [Dimension]) {
    self.name = name
    self.value = value
    self.unit = unit
    self.at = at
    self.dimensions = dimensions
  }

  fileprivate func parameters(_ member: String) -> [(String, String)] {
    var parameters = [("\(member).MetricName", name)]
    for (index, dimension) in dimensions.enumerated() {
      let place = "\(member).Dimensions.member.\(index + 1)"
      parameters += [("\(place).Name", dimension.name), ("\(place).Value", dimension.value)]
    }
    return parameters + [("\(member).Timestamp", at.description), ("\(member).Unit", unit.rawValue), ("\(member).Value", "\(value)")]
  }
}
