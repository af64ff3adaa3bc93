// Runs patterns with libpcre2, over class numbers in place of text. The only door to libpcre2.
//
// A string of class numbers (see ScalarClassifier) has one byte per scalar value, so the library
// is used without its Unicode tables: matches do not depend on which release is installed.
// Source: pcre2api(3), pcre2jit(3).

import CPCRE2

/// A compiled pattern. Immutable; may be used by many threads, each with its own scratch.
///
/// `@safe`: the code is owned, freed once in deinit, and never leaves this file.
/// `@unchecked Sendable`: pcre2api(3), "Multithreading": compiled code is read-only in matching.
@safe final class PatternProgram: @unchecked Sendable {
    /// Steps for one match; the library's own default.
    static let matchSteps: UInt32 = 10_000_000
    /// Memory for one match where the just-in-time code cannot run, in KiB.
    static let heapKibibytes: UInt32 = 256 * 1024

    let pattern: String
    private let classifier: ScalarClassifier
    private let code: OpaquePointer

    /// - Parameter place: where in the file the pattern stands, for errors.
    convenience init(_ pattern: String, place: String) throws(TokenizerError) {
        let parsed: ParsedPattern
        do {
            parsed = try PatternParser.parse(pattern)
        } catch {
            throw Self.refused(pattern, place, error.reason)
        }
        try self.init(pattern, parsed: parsed, place: place)
    }

    /// - Parameter pattern: what `parsed` is called in errors.
    init(_ pattern: String, parsed: ParsedPattern, place: String) throws(TokenizerError) {
        guard let classifier = ScalarClassifier(parsed.sets) else {
            throw Self.refused(
                pattern, place,
                "it tells more than \(ScalarClassifier.classesMax) kinds of character apart")
        }
        let text = Array(Self.text(of: parsed, classifier: classifier).utf8)
        var error: Int32 = 0
        var offset = 0
        let options = UInt32(PCRE2_NEVER_UTF)
        guard
            let code = unsafe layerfold_pcre2_compile(
                text, text.count, options, &error, &offset)
        else {
            throw Self.refused(pattern, place, Self.message(of: error))
        }
        // Without just-in-time code (not on this CPU, or refused by the system) matching is
        // slower and gives the same.
        _ = unsafe pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
        self.pattern = pattern
        self.classifier = classifier
        unsafe self.code = code
    }

    deinit {
        unsafe pcre2_code_free_8(code)
    }

    /// Appends the matches in `bytes[range]` (valid UTF-8), as byte ranges in order.
    ///
    /// An empty match counts, unless it touches the end of the match before it; then the search
    /// goes on one scalar value later. That is how the library iterates.
    func appendMatches(
        in bytes: [UInt8], _ range: Range<Int>, scratch: inout PatternScratch,
        to matches: inout [Range<Int>]
    ) throws(TokenizerError) {
        guard !range.isEmpty else { return }
        scratch.classes.removeAll(keepingCapacity: true)
        classifier.appendClasses(of: bytes, in: range, to: &scratch.classes)
        var cursor = ByteCursor(
            byte: range.lowerBound, isASCII: scratch.classes.count == range.count)
        var start = 0
        var lastEnd = -1
        let count = scratch.classes.count
        while start <= count, let match = try firstMatch(in: scratch, from: start) {
            if match.isEmpty && match.lowerBound == lastEnd {
                start += 1
                continue
            }
            start = match.upperBound
            lastEnd = start
            let lower = cursor.advance(to: match.lowerBound, in: bytes)
            matches.append(lower..<cursor.advance(to: match.upperBound, in: bytes))
        }
    }

    /// The leftmost match at or after `start`, as indices into `scratch.classes`.
    @inline(__always)
    private func firstMatch(
        in scratch: borrowing PatternScratch, from start: Int
    ) throws(TokenizerError) -> Range<Int>? {
        let resources = scratch.resources
        let result = unsafe scratch.classes.withUnsafeBufferPointer { classes in
            let status = unsafe pcre2_match_8(
                code, classes.baseAddress, classes.count, start, 0, resources.data,
                resources.context)
            guard status == PCRE2_ERROR_JIT_STACKLIMIT else { return status }
            // The just-in-time code has a small stack; the interpreter uses the heap.
            return unsafe pcre2_match_8(
                code, classes.baseAddress, classes.count, start, UInt32(PCRE2_NO_JIT),
                resources.data, resources.context)
        }
        if result == PCRE2_ERROR_NOMATCH { return nil }
        guard result > 0, let vector = unsafe pcre2_get_ovector_pointer_8(resources.data) else {
            throw .patternGaveUp(pattern: pattern, reason: Self.message(of: result))
        }
        // \K is refused by the parser, so a match never ends before it starts.
        return unsafe vector[0]..<vector[1]
    }

    private static func refused(
        _ pattern: String, _ place: String, _ reason: String
    ) -> TokenizerError {
        .invalidPattern(place: place, pattern: String(pattern.prefix(200)), reason: reason)
    }

    private static func message(of error: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = unsafe pcre2_get_error_message_8(error, &buffer, buffer.count)
        return String(decoding: buffer.prefix(Int(max(0, length))), as: UTF8.self)
    }

    /// The pattern with every set written as the class numbers of its members.
    private static func text(of parsed: ParsedPattern, classifier: ScalarClassifier) -> String {
        func escape(_ number: Int) -> String {
            "\\x" + (number < 16 ? "0" : "") + String(number, radix: 16)
        }
        return parsed.parts.map { part in
            switch part {
            case .text(let text): return text
            case .set(let index):
                let members = classifier.members[index].indices
                    .filter { classifier.members[index][$0] }
                if members.isEmpty { return "(?!)" }
                return "[" + members.map(escape).joined() + "]"
            }
        }.joined()
    }
}

/// What matching writes to. One for each thread that matches.
struct PatternScratch: Sendable {
    var classes: [UInt8] = []
    fileprivate let resources = MatchResources()
}

/// The library's memory for the result of one match, and its limits.
///
/// `@safe`: both are owned and freed once in deinit. `@unchecked Sendable`: only reached through
/// the scratch of one encoding at a time.
@safe private final class MatchResources: @unchecked Sendable {
    let data: OpaquePointer
    let context: OpaquePointer

    init() {
        guard let data = unsafe pcre2_match_data_create_8(1, nil),
            let context = unsafe pcre2_match_context_create_8(nil)
        else { fatalError("no memory for a pattern's match data") }
        unsafe pcre2_set_match_limit_8(context, PatternProgram.matchSteps)
        unsafe pcre2_set_heap_limit_8(context, PatternProgram.heapKibibytes)
        unsafe self.data = data
        unsafe self.context = context
    }

    deinit {
        unsafe pcre2_match_data_free_8(data)
        unsafe pcre2_match_context_free_8(context)
    }
}

/// Turns indices of scalar values into byte offsets, only ever forward.
private struct ByteCursor {
    private var scalar = 0
    private var byte: Int
    private let isASCII: Bool

    init(byte: Int, isASCII: Bool) {
        self.byte = byte
        self.isASCII = isASCII
    }

    @inline(__always)
    mutating func advance(to target: Int, in bytes: [UInt8]) -> Int {
        if isASCII {
            byte += target - scalar
            scalar = target
            return byte
        }
        while scalar < target {
            byte += UTF8Text.length(startingWith: bytes[byte])
            scalar += 1
        }
        return byte
    }
}
