// Forms: what is read, what is refused; and requests below a base path.

import HTTP
import Testing

@Suite struct FormBodyTests {
    private static func read(_ text: String) -> [String]? {
        try? FormBody(Array(text.utf8)).fields.map { "\($0.name)|\($0.value)" }
    }

    @Test(arguments: [
        ("", []), ("a=1", ["a|1"]), ("a=1&b=2&a=3", ["a|1", "b|2", "a|3"]), ("a", ["a|"]),
        ("a=", ["a|"]), ("=1", ["|1"]), ("a=b=c", ["a|b=c"]), ("&&a=1&", ["a|1"]),
        ("a+b=c+d", ["a b|c d"]), ("a=%2B%26%3D%25+", ["a|+&=% "]), ("%C3%A4=%E6%97%A5", ["ä|日"]),
        ("a=1%0D%0A2%09", ["a|1\r\n2\t"]), ("a=ä", ["a|ä"]),
    ])
    func `fields come in their order, decoded`(text: String, fields: [String]) {
        #expect(Self.read(text) == fields)
    }

    @Test(arguments: [
        "a=%", "a=%4", "a=%4g", "%g4=1", "a=%FF", "a=%C3", "a=%00", "%00=a", "a=%%41",
    ])
    func `what is no form is refused`(text: String) {
        #expect(throws: HTTPRefusal.self) { try FormBody(Array(text.utf8)) }
    }

    @Test func `values are found by name, the first or all`() throws {
        let form = try FormBody(Array("a=1&b=2&a=3".utf8))
        #expect(form.value("a") == "1" && form.values("a") == ["1", "3"])
        #expect(form.value("c") == nil && form.values("c").isEmpty)
    }

    /// Every body of up to six of these bytes: a refusal of status 400, or fields that come back
    /// the same when they are written again in another way.
    @Test func `every small body is a form or refused, and a form says the same twice`() throws {
        let letters: [UInt8] = Array("a=&+%4".utf8) + [0xC3, 0x00]
        var forms = 0
        for count in 0...6 {
            var digits = [Int](repeating: 0, count: count)
            repeat {
                let bytes = digits.map { letters[$0] }
                do {
                    let form = try FormBody(bytes)
                    forms += 1
                    let again = form.fields.map { field in
                        [field.name, field.value].map { text in
                            text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                                .joined()
                        }.joined(separator: "=")
                    }.joined(separator: "&")
                    let same = try FormBody(Array(again.utf8))
                    if same != form { Issue.record("\(bytes)") }
                    if bytes.contains(0) { Issue.record("\(bytes)") }
                } catch {
                    if error.status != 400 { Issue.record("\(bytes): \(error)") }
                }
            } while Self.next(&digits, letters.count)
        }
        #expect(forms > 4_000)
    }

    private static func next(_ digits: inout [Int], _ base: Int) -> Bool {
        for place in digits.indices {
            digits[place] += 1
            if digits[place] < base { return true }
            digits[place] = 0
        }
        return false
    }

    @Test func `limits are told`() throws {
        let many = [String](repeating: "a=1", count: FormBody.fieldsMax).joined(separator: "&")
        #expect(try FormBody(Array(many.utf8)).fields.count == FormBody.fieldsMax)
        #expect(throws: HTTPRefusal.self) { try FormBody(Array((many + "&b=2").utf8)) }
        let name = String(repeating: "n", count: FormBody.nameBytesMax)
        #expect(try FormBody(Array("\(name)=1".utf8)).value(name) == "1")
        #expect(throws: HTTPRefusal.self) { try FormBody(Array("\(name)n=1".utf8)) }
    }

    // MARK: Requests

    private static func request(_ target: String, _ headers: String = "") throws -> HTTPRequest {
        var reader = RequestReader()
        reader.take(Array("POST \(target) HTTP/1.1\r\nHost: a\r\n\(headers)\r\n".utf8)[...])
        guard case .complete(let request)? = reader.outcome else {
            throw HTTPRefusal(status: 400, message: "not read")
        }
        return request
    }

    @Test(arguments: [
        ("/layerfold/v1/jobs", ["v1", "jobs"]), ("/layerfold", [""]), ("/layerfold/", [""]),
        ("/v1/jobs", ["v1", "jobs"]), ("/layerfoldx/v1", ["layerfoldx", "v1"]), ("/", [""]),
        ("/layerfold/layerfold/x", ["layerfold", "x"]), ("/a/layerfold", ["a", "layerfold"]),
    ])
    func `a base path is taken away once, and nothing else`(target: String, path: [String]) throws {
        #expect(try Self.request(target).below(["layerfold"]).path == path)
        #expect(try Self.request(target).below([]) == Self.request(target))
    }

    @Test func `a form is known by its type alone`() throws {
        for (type, isForm) in [
            ("application/x-www-form-urlencoded", true),
            ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", true),
            ("application/x-www-form-urlencoded ;a", true), ("text/plain", false),
            ("multipart/form-data; boundary=a", false), ("application/json", false),
            ("text/plain; application/x-www-form-urlencoded", false),
        ] {
            #expect(try Self.request("/", "Content-Type: \(type)\r\n").isForm == isForm, "\(type)")
        }
        #expect(try !Self.request("/").isForm)
    }

    @Test func `headers of a route stay, others are added`() {
        let answer = HTTPResponse(
            status: 200, type: "a/b", headers: [("content-security-policy", "mine")], .bytes([])
        ).adding([("Content-Security-Policy", "ours"), ("X-A", "b")])
        #expect(
            answer.headers.map { "\($0.name): \($0.value)" } == [
                "Content-Type: a/b", "content-security-policy: mine", "X-A: b",
            ])
    }
}
