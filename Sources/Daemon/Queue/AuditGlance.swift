// A line of the copy of the audit log, read at a glance: as the daemon writes nearly all of them.

/// What it takes for whole would be decoded without an error, too, to the same number; of all else
/// it says nothing. A start reads every line, and decoding takes far longer.
struct AuditGlance {
    private var rest: ArraySlice<UInt8>

    /// The number of a line such as
    /// `{"at":1,"data":"{\"admin\":true,\"by\":5}","job":"J","seq":7,"type":"hold"}`; nil for
    /// one in any other form, which may be as good.
    static func number(of line: ArraySlice<UInt8>) -> Int? {
        var glance = AuditGlance(rest: line)
        guard glance.skip(#"{"at":"#), glance.number() != nil, glance.skip(#","data":"{"#),
            glance.skipOrder(), glance.skip(#"}""#)
        else { return nil }
        if glance.skip(#","job":""#) {
            guard glance.skipWord(), glance.skip("\"") else { return nil }
        }
        guard glance.skip(#","seq":"#), let number = glance.number(), number > 0,
            glance.skip(#","type":""#), glance.skipWord(), glance.skip(#""}"#), glance.rest.isEmpty
        else { return nil }
        return number
    }

    /// Pairs of names and numbers or truths, with quotes as they stand in a text. One is `by`.
    private mutating func skipOrder() -> Bool {
        var hasName = false
        repeat {
            let isBy = startsWith(#"\"by\":"#)
            guard skip(#"\""#), skipWord(), skip(#"\":"#) else { return false }
            if number() != nil {
                hasName = hasName || isBy
            } else {
                guard !isBy, skip("true") || skip("false") else { return false }
            }
        } while skip(",")
        return hasName
    }

    private mutating func skip(_ text: String) -> Bool {
        guard startsWith(text) else { return false }
        rest = rest.dropFirst(text.utf8.count)
        return true
    }

    private func startsWith(_ text: String) -> Bool { rest.starts(with: text.utf8) }

    /// Letters, digits and what joins them, one at least.
    private mutating func skipWord() -> Bool {
        let end =
            rest.firstIndex { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    false
                default: true
                }
            } ?? rest.endIndex
        guard end > rest.startIndex else { return false }
        rest = rest[end...]
        return true
    }

    /// A whole number in its one form, of so few digits that it fits.
    private mutating func number() -> Int? {
        let digitsMax = 18
        var copy = self
        let isNegative = copy.skip("-")
        var (value, count) = (0, 0)
        while let byte = copy.rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            guard count < digitsMax, count == 0 || value > 0 else { return nil }
            value = 10 * value + Int(byte - UInt8(ascii: "0"))
            count += 1
            copy.rest = copy.rest.dropFirst()
        }
        guard count > 0, value > 0 || !isNegative else { return nil }
        self = copy
        return isNegative ? -value : value
    }
}
