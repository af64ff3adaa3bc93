// A request that is answered without being asked for: it broke a rule or a limit.

package import Failures

/// Why a request is not taken.
package struct HTTPRefusal: ClassifiedFailure, CustomStringConvertible, Hashable {
    package let status: Int
    package let message: String

    package init(status: Int, message: String) {
        self.status = status
        self.message = message
    }

    package var failureClass: FailureClass { status == 503 ? .transient : .user }
    package var description: String { message }

    static func malformed(_ message: String) -> HTTPRefusal { .init(status: 400, message: message) }

    static func late(_ limits: HTTPLimits) -> HTTPRefusal {
        .init(
            status: 408,
            message: "no whole request came in time: \(limits.headTime) ms for its head, "
                + "\(limits.requestTime) for all of it, \(limits.idleTime) between two pieces")
    }

    static func noAnswer(_ milliseconds: Int) -> HTTPRefusal {
        .init(status: 503, message: "no answer within \(milliseconds / 1_000) s: ask again later")
    }

    static let noPlace = HTTPRefusal(
        status: 503, message: "too many connections at once: close some, or ask again")
}
