import Pages
import Report
import Testing

@Suite struct FrameTests {
    @Test func textFromOutsideIsEscaped() {
        let frame = Frame(
            basePath: "/base", visitorName: "ada", formToken: "\"><script>", maySubmit: true,
            isAdmin: false, hasSession: false)
        let page = frame.page("<b>", at: .home, "\(frame.tokenField)").text
        #expect(page.contains("<h1>&lt;b&gt;</h1>"))
        #expect(!page.contains("<script>"))
        #expect(page.contains("href=\"/base/assets/pages.css\""))
    }
}
