// What PatternParser makes of a regular expression, and PatternProgram compiles.

import Failures

/// A pattern as PCRE2 text in which every set of characters is a hole.
struct ParsedPattern {
    enum Part: Equatable {
        case text(String)
        /// Matches one scalar value of `sets[i]`.
        case set(Int)
    }

    private(set) var parts: [Part] = []
    private(set) var sets: [ScalarSet] = []

    mutating func append(_ text: String) {
        parts.append(.text(text))
    }

    mutating func append(_ set: ScalarSet) {
        if let known = sets.firstIndex(of: set) {
            parts.append(.set(known))
        } else {
            parts.append(.set(sets.count))
            sets.append(set)
        }
    }
}

struct PatternSyntaxError: ClassifiedFailure {

    var failureClass: FailureClass { .user }

    let reason: String
}
