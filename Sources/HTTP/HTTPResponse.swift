// An answer, whole or as a stream, and its bytes. Each connection carries one request: every answer
// says that it closes.

/// What a request is answered with.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// Is called after the head was sent, and writes until it returns; where it throws, the
        /// connection ends before the body does, and the client knows.
        case stream(@Sendable (ResponseStream) async throws -> Void)
        /// News, for as long as the client stays.
        case feed(any Feed)
    }

    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: Body

    package init(
        status: Int, type: String, headers: [(name: String, value: String)] = [], _ body: Body
    ) {
        self.init(status, [("Content-Type", type)] + headers, body)
    }

    private init(_ status: Int, _ headers: [(name: String, value: String)], _ body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The answer with these headers, but for those that it has already.
    package func adding(_ more: [(name: String, value: String)]) -> HTTPResponse {
        let known = Set(headers.map { $0.name.lowercased() })
        return HTTPResponse(
            status, headers + more.filter { !known.contains($0.name.lowercased()) }, body)
    }

    /// A page that leads to another one.
    /// - Parameter location: a path, escaped.
    package static func redirect(
        to location: String, headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        HTTPResponse(
            status: 303, type: "text/plain", headers: [("Location", location)] + headers,
            .bytes([]))
    }

    var head: [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.phrase(status))\r\nConnection: close\r\n"
        if !headers.contains(where: { $0.name.lowercased() == "cache-control" }) {
            text += "Cache-Control: no-store\r\n"
        }
        switch body {
        case .bytes(let bytes): text += "Content-Length: \(bytes.count)\r\n"
        case .stream, .feed: text += "Transfer-Encoding: chunked\r\n"
        }
        for (name, value) in headers { text += "\(name): \(Self.line(value))\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// Nothing in a value ends its line.
    private static func line(_ value: String) -> String {
        String(decoding: value.utf8.filter { (0x20...0x7E).contains($0) }, as: UTF8.self)
    }

    /// A piece of a stream; an empty one would end it.
    static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        bytes.isEmpty
            ? [] : Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8)
    }

    static let lastChunk = Array("0\r\n\r\n".utf8)
    static let leaveToSend = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 303: "See Other"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
