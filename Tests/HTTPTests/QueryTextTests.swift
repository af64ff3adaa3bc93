// Queries as forms of browsers send them.

import HTTP
import Testing

@Suite struct QueryTextTests {
    private func read(_ target: String) -> HTTPRequest? {
        var reader = RequestReader()
        reader.take(Array("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)[...])
        guard case .complete(let request)? = reader.outcome else { return nil }
        return request
    }

    @Test func `a plus is a space in the query, and itself in the path`() throws {
        let request = try #require(read("/a+b?x+y=+1%2B2%20+&z=%3D"))
        #expect(request.path == ["a+b"])
        #expect(request.query("x y") == " 1+2  ")
        #expect(request.query("z") == "=")
    }
}
