import Jobs
import Pages
import Report
import Testing

@Suite struct FrameTests {
    @Test func textFromOutsideIsEscaped() {
        let frame = Frame(
            basePath: "/base", visitorName: "ada", formToken: "\"><script>", maySubmit: true,
            isAdmin: false, hasSession: false)
        let page = frame.page("<b>", at: .home, "\(frame.tokenField)").text
        #expect(page.contains("<h1><bdi>&lt;b&gt;</bdi></h1>"))
        #expect(!page.contains("<script>"))
        #expect(page.contains("href=\"/base/assets/pages.css\""))
    }

    @Test func `the navigation shows where one is, and only where one may go`() {
        let reader = Frame(
            basePath: "", visitorName: "ada", formToken: "", maySubmit: false, isAdmin: false,
            hasSession: false)
        let page = reader.page("x", at: .store, "").text
        #expect(page.contains("<a href=\"/store\" aria-current=\"page\">"))
        #expect(!page.contains("/submit") && !page.contains("/logout"))
        #expect(PageSamples.frame().page("x", at: nil, "").text.contains("/base/logout"))
    }

    @Test func `a filter is what its address says, and says it again`() throws {
        let items = [
            ("state", "waiting"), ("owner", "ada"), ("model", "a&b"), ("text", "ü x"),
            ("after", "1-5"), ("later", "1"),
        ]
        let filter = JobFilter(items)
        #expect(
            filter.path() == "/jobs?state=waiting&owner=ada&model=a%26b&text=%C3%BC%20x&after=1-5")
        let query = try filter.query(owner: 7, limit: 50)
        #expect(query.states == [.queued, .held] && query.user == 7 && query.limit == 50)
        #expect(query.model == "a&b" && query.words == "ü x" && query.after == JobCursor("1-5"))
        #expect(JobFilter([]).isEmpty && JobFilter().path() == "/jobs")
        #expect(throws: ErrorDocument.self) {
            try JobFilter([("state", "runing")]).query(owner: nil, limit: 1)
        }
        #expect(
            try JobFilter([("state", "failed")]).query(owner: nil, limit: 1).states == [.failed])
    }
}
