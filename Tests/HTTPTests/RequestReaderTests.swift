// What is read as a request, what is refused, and that neither depends on how the bytes are cut.

import HTTP
import Testing

@Suite struct RequestReaderTests {
    private static let limits: HTTPLimits = {
        var limits = HTTPLimits()
        limits.requestLineBytes = 40
        limits.headerLineBytes = 30
        limits.headerCount = 4
        limits.headBytes = 120
        limits.bodyBytes = 20
        return limits
    }()

    private static func read(
        _ pieces: [ArraySlice<UInt8>], _ limits: HTTPLimits = RequestReaderTests.limits
    ) -> RequestReader.Outcome? {
        var reader = RequestReader(limits: limits)
        for piece in pieces { reader.take(piece) }
        return reader.outcome
    }

    private static func read(_ text: String) -> RequestReader.Outcome? {
        read([Array(text.utf8)[...]])
    }

    private static let host = "Host: a\r\n"

    // MARK: Good ones

    @Test func `a request is read with its parts`() throws {
        let text =
            "POST /v1/j%2Fb//x?limit=5&state=a,b&x&y=%20= HTTP/1.1\r\nHOST:  a b \t\r\n"
            + "content-LENGTH: 003\r\nX:\r\n\r\nabcMORE"
        var limits = Self.limits
        limits.requestLineBytes = 60
        guard case .complete(let request)? = Self.read([Array(text.utf8)[...]], limits) else {
            Issue.record("not read")
            return
        }
        #expect(request.method == "POST")
        #expect(request.path == ["v1", "j/b", "", "x"])
        #expect(request.query("limit") == "5" && request.query("state") == "a,b")
        #expect(request.query("x")?.isEmpty == true && request.query("y") == " =")
        #expect(request.header("host") == "a b" && request.header("x")?.isEmpty == true)
        #expect(request.query("z") == nil && request.header("z") == nil)
        #expect(request.body == Array("abc".utf8))
    }

    @Test func `HTTP 1_0 needs no Host`() {
        guard case .complete? = Self.read("GET / HTTP/1.0\r\n\r\n") else {
            Issue.record("not read")
            return
        }
    }

    @Test(arguments: [
        "", "GET", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
    ])
    func `what is not whole is waited for`(text: String) {
        #expect(Self.read(text) == nil)
    }

    @Test func `leave to send a body is asked for where there is one`() {
        func expects(_ text: String) -> Bool {
            var reader = RequestReader(limits: Self.limits)
            reader.take(Array(text.utf8)[...])
            return reader.expectsContinue
        }
        let line = "Expect: 100-Continue\r\n"
        #expect(expects("POST / HTTP/1.1\r\n\(Self.host)\(line)Content-Length: 3\r\n\r\n"))
        #expect(!expects("POST / HTTP/1.1\r\n\(Self.host)\(line)Content-Length: 3\r\n"))
        #expect(!expects("GET / HTTP/1.1\r\n\(Self.host)\(line)\r\n"))
        #expect(!expects("POST / HTTP/1.0\r\n\(Self.host)\(line)Content-Length: 3\r\n\r\n"))
    }

    // MARK: Bad ones

    struct Bad: Sendable {
        let text: String
        let status: Int
    }

    private static func get(_ headers: String) -> String { "GET / HTTP/1.1\r\n\(headers)\r\n" }

    static let bad: [Bad] = [
        // The first line.
        .init(text: "\r\n", status: 400),
        .init(text: "GET / HTTP/1.1\n", status: 400),
        .init(text: "GET /\rx HTTP/1.1\r\n", status: 400),
        .init(text: "GET  / HTTP/1.1\r\n", status: 400),
        .init(text: "GET / HTTP/1.1 \r\n", status: 400),
        .init(text: "GET /\r\n", status: 400),
        .init(text: "G(T / HTTP/1.1\r\n", status: 400),
        .init(text: "ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n", status: 400),
        .init(text: "GET http://a/ HTTP/1.1\r\n", status: 400),
        .init(text: "GET /é HTTP/1.1\r\n", status: 400),
        .init(text: "GET / http/1.1\r\n", status: 400),
        .init(text: "GET / HTTP/2.0\r\n", status: 505),
        .init(text: get(host).replacing("/ ", with: "/%4 "), status: 400),
        .init(text: get(host).replacing("/ ", with: "/%ff "), status: 400),
        .init(text: get(host).replacing("/ ", with: "/%00 "), status: 400),
        .init(text: get(host).replacing("/ ", with: "/?a=%zz "), status: 400),
        // Headers.
        .init(text: get(""), status: 400),
        .init(text: get(host + host), status: 400),
        .init(text: get(host + "X\r\n"), status: 400),
        .init(text: get(host + ": x\r\n"), status: 400),
        .init(text: get(host + "X : x\r\n"), status: 400),
        .init(text: get(host + " folded\r\n"), status: 400),
        .init(text: get(host + "X: \u{1}\r\n"), status: 400),
        .init(text: get(host + "X: é\r\n"), status: 400),
        .init(text: get(host + "X: y\n"), status: 400),
        .init(text: get(host + "Transfer-Encoding: chunked\r\n"), status: 501),
        .init(text: get(host + "Expect: x\r\n"), status: 417),
        // Bodies.
        .init(text: get(host + "Content-Length: \r\n"), status: 400),
        .init(text: get(host + "Content-Length: -1\r\n"), status: 400),
        .init(text: get(host + "Content-Length: +1\r\n"), status: 400),
        .init(text: get(host + "Content-Length: 1, 1\r\n"), status: 400),
        .init(
            text: "POST / HTTP/1.1\r\nHost:a\r\nContent-Length:1\r\nContent-Length:1\r\n\r\n",
            status: 400),
        .init(text: get(host + "Content-Length: 21\r\n"), status: 413),
        .init(text: get(host + "Content-Length: 99999999999\r\n"), status: 413),
        .init(
            text: "GET / HTTP/1.1\r\nContent-Length:99999999999999999999\r\nHost: a\r\n\r\n",
            status: 431),
        // Limits, at the byte behind them: nothing waits for the end of a line.
        .init(text: "GET /" + String(repeating: "a", count: 36), status: 414),
        .init(text: get("Host: " + String(repeating: "a", count: 25)).prefixed(47), status: 431),
        .init(text: get(String(repeating: "A: b\r\n", count: 5)), status: 431),
        .init(
            text: get(
                "Host: a\r\n"
                    + String(
                        repeating: "A: \(String(repeating: "b", count: 27))\r\n",
                        count: 3)
            ).prefixed(121), status: 431),
    ]

    @Test(arguments: bad)
    func `a request that breaks a rule is refused`(bad: Bad) {
        guard case .refused(let refusal)? = Self.read(bad.text) else {
            Issue.record("taken: \(bad.text)")
            return
        }
        #expect(refusal.status == bad.status, "\(bad.text): \(refusal.message)")
        #expect(!refusal.message.isEmpty)
    }

    @Test func `at its limits a request is taken`() {
        let line = "GET /" + String(repeating: "a", count: 40 - 14) + " HTTP/1.1"
        #expect(line.utf8.count == 40)
        let text =
            line + "\r\nHost: " + String(repeating: "a", count: 24) + "\r\nA: b\r\nA: b\r\n"
            + "Content-Length: 20\r\n\r\n" + String(repeating: "x", count: 20)
        guard case .complete(let request)? = Self.read(text) else {
            Issue.record("refused")
            return
        }
        #expect(request.headers.count == 4 && request.body.count == 20)
    }

    // MARK: Cuts

    static let whole: [String] =
        [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /a?b=%20 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n123456789MORE",
            "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        ] + bad.map(\.text)

    @Test(arguments: whole)
    func `the outcome is the same for every way to cut the bytes in up to three`(text: String) {
        let bytes = Array(text.utf8)
        let expected = Self.read([bytes[...]])
        #expect(Self.read(bytes.indices.map { bytes[$0...$0] }) == expected, "byte by byte")
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let outcome = Self.read([bytes[..<first], bytes[first..<second], bytes[second...]])
                if outcome != expected { Issue.record("\(text) cut at \(first) and \(second)") }
            }
        }
    }

    @Test func `a body that comes byte by byte costs what its bytes cost`() {
        let count = HTTPLimits().bodyBytes
        let head = Array("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n".utf8)
        var reader = RequestReader()
        reader.take(head[...])
        // Were the body copied for each, this would move half a terabyte.
        for index in 0..<count { reader.take([UInt8(truncatingIfNeeded: index)]) }
        guard case .complete(let request)? = reader.outcome else {
            Issue.record("not whole")
            return
        }
        #expect(request.body.count == count && request.body[300] == 44)
    }
}

extension String {
    fileprivate func prefixed(_ count: Int) -> String {
        String(decoding: utf8.prefix(count), as: UTF8.self)
    }
}
