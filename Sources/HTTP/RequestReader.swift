// Reads one HTTP/1.1 request from pieces of any size: linear in the bytes, bounded in memory, and
// the same for every way to cut them. As strict as RFC 9112 allows: what two programs could read in
// two ways is refused. No sockets, no clock.

/// The state of one request that comes in.
package struct RequestReader: Sendable {
    package enum Outcome: Sendable, Equatable {
        case complete(HTTPRequest)
        case refused(HTTPRefusal)
    }

    private let limits: HTTPLimits
    private var headByteCount = 0
    /// The line that is being read, without its end.
    private var line: [UInt8] = []
    private var start: (method: String, target: String, isOld: Bool)?
    private var headers: [HTTPRequest.Field] = []
    /// Set once the head is whole.
    private var request: HTTPRequest?
    private var bodyByteCount = 0

    /// Nil while more is to come; what comes behind the end is not looked at.
    package private(set) var outcome: Outcome?
    /// Whether the client waits for leave to send its body.
    package private(set) var expectsContinue = false

    package init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Whether the head is whole.
    package var hasHead: Bool { request != nil }

    /// Takes the next bytes.
    package mutating func take(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        do throws(HTTPRefusal) {
            while !rest.isEmpty, outcome == nil {
                if hasHead { takeBody(&rest) } else { try takeHead(&rest) }
            }
        } catch {
            outcome = .refused(error)
            line = []
            headers = []
        }
    }

    private mutating func takeBody(_ rest: inout ArraySlice<UInt8>) {
        let part = rest.prefix(bodyByteCount - (request?.body.count ?? 0))
        rest = rest.dropFirst(part.count)
        request?.body.append(contentsOf: part)
        endIfWhole()
    }

    private mutating func endIfWhole() {
        guard let request, request.body.count == bodyByteCount else { return }
        outcome = .complete(request)
    }

    // MARK: Head

    private mutating func takeHead(_ rest: inout ArraySlice<UInt8>) throws(HTTPRefusal) {
        guard let byte = rest.popFirst() else { return }
        headByteCount += 1
        guard headByteCount <= limits.headBytes else {
            throw HTTPRefusal(
                status: 431, message: "a request's head has at most \(limits.headBytes) bytes")
        }
        if byte == UInt8(ascii: "\n") {
            guard line.popLast() == UInt8(ascii: "\r") else {
                throw .malformed("a line does not end with CR LF")
            }
            try endLine()
            line.removeAll(keepingCapacity: true)
            return
        }
        guard line.last != UInt8(ascii: "\r") else { throw .malformed("a CR inside a line") }
        let bytesMax = start == nil ? limits.requestLineBytes : limits.headerLineBytes
        guard line.count < bytesMax || byte == UInt8(ascii: "\r") else {
            throw HTTPRefusal(
                status: start == nil ? 414 : 431,
                message: "a \(start == nil ? "request" : "header") line has at most \(bytesMax) "
                    + "bytes")
        }
        line.append(byte)
    }

    private mutating func endLine() throws(HTTPRefusal) {
        if start == nil {
            start = try Self.requestLine(line)
        } else if line.isEmpty {
            try endHead()
        } else {
            guard headers.count < limits.headerCount else {
                throw HTTPRefusal(
                    status: 431, message: "a request has at most \(limits.headerCount) headers")
            }
            headers.append(try Self.header(line))
        }
    }

    private static func requestLine(
        _ line: [UInt8]
    ) throws(HTTPRefusal) -> (method: String, target: String, isOld: Bool) {
        let words = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.count == 3, words[0].count <= 16, !words[0].isEmpty,
            words[0].allSatisfy(isTokenByte), words[1].first == UInt8(ascii: "/"),
            words[1].allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .malformed("the first line is not `METHOD /path HTTP/1.1`") }
        let version = String(decoding: words[2], as: UTF8.self)
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
            throw version.hasPrefix("HTTP/")
                ? HTTPRefusal(status: 505, message: "HTTP/1.1 is spoken here, and no other")
                : .malformed("the first line does not end with HTTP/1.1")
        }
        return (
            String(decoding: words[0], as: UTF8.self), String(decoding: words[1], as: UTF8.self),
            version == "HTTP/1.0"
        )
    }

    private static func header(_ line: [UInt8]) throws(HTTPRefusal) -> HTTPRequest.Field {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            line[..<colon].allSatisfy(isTokenByte)
        else { throw .malformed("a header line is not `Name: value`") }
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var value = line[(colon + 1)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        guard value.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 }) else {
            throw .malformed("a header's value is no visible ASCII: write the rest as %XX")
        }
        return HTTPRequest.Field(
            name: String(decoding: line[..<colon], as: UTF8.self).lowercased(),
            value: String(decoding: value, as: UTF8.self))
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private mutating func endHead() throws(HTTPRefusal) {
        guard let start else { return }
        guard values("transfer-encoding").isEmpty else {
            throw HTTPRefusal(
                status: 501, message: "bodies come with Content-Length, not with Transfer-Encoding")
        }
        let hosts = values("host").count
        guard hosts == 1 || (hosts == 0 && start.isOld) else {
            throw .malformed("a request has one header Host, found \(hosts)")
        }
        bodyByteCount = try length(values("content-length"))
        if let expectation = values("expect").first {
            guard expectation.lowercased() == "100-continue" else {
                throw HTTPRefusal(status: 417, message: "only 100-continue can be expected")
            }
            expectsContinue = bodyByteCount > 0 && !start.isOld
        }
        let (path, query) = try RequestTarget.parse(start.target)
        request = HTTPRequest(
            method: start.method, target: start.target, path: path, query: query, headers: headers)
        endIfWhole()
    }

    private func values(_ name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }

    private func length(_ values: [String]) throws(HTTPRefusal) -> Int {
        guard let text = values.first else { return 0 }
        guard values.count == 1, !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { throw .malformed("Content-Length is not one number") }
        // A number of more digits than fit is too large as well.
        guard let length = Int(text), length <= limits.bodyBytes else {
            throw HTTPRefusal(
                status: 413, message: "a request's body has at most \(limits.bodyBytes) bytes")
        }
        return length
    }
}
