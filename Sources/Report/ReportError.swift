// Why a report.json could not be read.

package import Failures

/// What can be wrong with a report.json.
package enum ReportError: ClassifiedFailure, Equatable, CustomStringConvertible {
    package var failureClass: FailureClass { .user }

    /// The text is longer than `bytesMax`.
    case tooLong(bytes: Int, bytesMax: Int)
    /// Lists and objects nest deeper than `depthMax`.
    case tooDeep(line: Int, column: Int, depthMax: Int)
    /// The text is not JSON at this place (both count from 1, columns in bytes).
    case syntax(line: Int, column: Int, expected: String, found: String)
    /// The JSON is well formed, but this field is missing or of another kind.
    case field(path: String, problem: String)
    /// The report is of a version that this build does not know.
    case schema(found: Int, known: Int)

    package var description: String {
        switch self {
        case .tooLong(let bytes, let bytesMax):
            "report.json: \(bytes) bytes, at most \(bytesMax) are read; is it a report?"
        case .tooDeep(let line, let column, let depthMax):
            "report.json line \(line), column \(column): nested deeper than \(depthMax) levels"
        case .syntax(let line, let column, let expected, let found):
            "report.json line \(line), column \(column): expected \(expected), found \(found)"
        case .field(let path, let problem):
            "report.json: \(path): \(problem)"
        case .schema(let found, let known):
            "report.json: schema is \(found), this build reads \(known); use the newer layerfold"
        }
    }
}
