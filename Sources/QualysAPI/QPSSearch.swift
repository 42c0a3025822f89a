import Support

/// A search of a QPS API (web applications, assets), page by page in ascending order of ids.
package struct QPSSearch: Sendable {
    package enum Operator: String, Sendable {
        case equals = "EQUALS"
        case greater = "GREATER"
        case lesser = "LESSER"
        case isIn = "IN"
    }

    package struct Criterion: Sendable {
        package let field: String
        package let comparison: Operator
        package let value: String

        package init(_ field: String, _ comparison: Operator, _ value: String) {
            self.field = field
            self.comparison = comparison
            self.value = value
        }
    }

    package var api: QualysCall.API

    /// Such as `/qps/rest/3.0/search/was/webapp`.
    package var path: String
    package var criteria: [Criterion]

    /// Records a page; Qualys takes at most 1000.
    package var pageSize: Int

    /// Whether records come with all that there is to them.
    package var isVerbose: Bool

    package init(
        _ api: QualysCall.API,
        path: String,
        criteria: [Criterion] = [],
        pageSize: Int = 1000,
        isVerbose: Bool = false
    ) {
        self.api = api
        self.path = path
        self.criteria = criteria
        self.pageSize = pageSize
        self.isVerbose = isVerbose
    }

    /// The call for the page of ids above `id`. Paging by id is stable: an offset shifts when records come or go.
    package func call(after id: Int64) -> QualysCall {
        var json = JSONWriter(reservingCapacity: 512)
        json.object { json in
            json.key("ServiceRequest")
            json.object { json in
                json.key("preferences")
                json.object { json in
                    json.member("limitResults", String(pageSize))
                    if isVerbose { json.member("verbose", "true") }
                }
                json.key("filters")
                json.object { json in
                    json.key("Criteria")
                    json.array { json in
                        for criterion in criteria + [Criterion("id", .greater, String(id))] {
                            json.object { json in
                                json.member("field", criterion.field)
                                json.member("operator", criterion.comparison.rawValue)
                                json.member("value", criterion.value)
                            }
                        }
                    }
                }
            }
        }
        return QualysCall(api, path: path, body: .json(json.bytes), accept: "application/json")
    }
}
