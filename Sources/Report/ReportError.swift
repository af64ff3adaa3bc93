// Why a report.json could not be read.

import Failures
import JSON

/// What can be wrong with a report.json.
enum ReportError: ClassifiedFailure, Equatable, CustomStringConvertible {
    var failureClass: FailureClass { .user }

    /// The text is not JSON, or more of it than is read.
    case json(TextPlace, JSONFault)
    /// The JSON is well formed, but this field is missing or of another kind.
    case field(path: String, problem: String)
    /// The report is of a version that this build does not know.
    case schema(found: Int, known: Int)

    var description: String {
        switch self {
        case .json(let place, let fault):
            "report.json: \(place): \(fault)"
        case .field(let path, let problem):
            "report.json: \(path): \(problem)"
        case .schema(let found, let known):
            "report.json: schema is \(found), this build reads \(known); use the newer layerfold"
        }
    }
}
