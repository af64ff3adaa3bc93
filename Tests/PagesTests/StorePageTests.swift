// The store's page.

import Pages
import Report
import Testing

@Suite struct StorePageTests {
    private func page(_ word: String = "plain") -> StorePage {
        var page = StorePage()
        page.exists = true
        page.totals.diskBytes = 1 << 20
        page.totals.limit = 2 << 20
        page.totals.high = 1_900_000
        page.totals.low = 1_600_000
        page.stages = [.init(name: word, steps: 3, diskBytes: 9 << 20, rawBytes: 1)]
        page.jobs = [
            .init(id: "job1", name: word, owner: word, storeBytes: -1, ownBytes: 2, resultBytes: 3)
        ]
        page.owners = [
            .init(name: word, jobs: 1, storeBytes: 5, ownBytes: 4, resultBytes: 3)
        ]
        page.care.verifiedAt = 1_700_000_000_000
        page.care.faults = 2
        page.care.interruptedAfter = 1_000
        page.care.quarantined = 1
        page.preview = .init(
            freedBytes: 3 << 20, keptBytes: 7, steps: 12, objects: 34, seconds: 3_700,
            protectedBytes: 7, isOverLimit: true)
        page.collections = [
            .init(at: 1_700_000_000_000, by: word, bytes: 5 << 10, steps: 2, seconds: 1),
            .init(at: 1_700_000_000_000, by: nil, bytes: 1, steps: 1, seconds: .infinity),
        ]
        page.keep = word
        page.problem = word.isEmpty ? nil : word
        return page
    }

    @Test func `whatever stands in names, nothing of it is markup`() {
        for word in HostileWords.all {
            for isAdmin in [false, true] {
                let text = page(word).render(ComparePageTests.frame(isAdmin: isAdmin)).text
                let wrong = PageAudit(text).check(base: "/base", token: ComparePageTests.token)
                #expect(wrong.isEmpty, "\(word.prefix(40)): \(wrong.prefix(5))")
            }
        }
    }

    @Test func `what a collection would free is told with the time to compute it again`() {
        var page = page()
        page.problem = nil
        page.keep = "0.5"
        let text = page.render(ComparePageTests.frame(isAdmin: true)).text
        #expect(text.contains("<strong>3.00 MiB</strong>: 34 objects of 12 steps"))
        #expect(text.contains("1 h 02 min to compute"))
        #expect(text.contains("name=\"keep\" value=\"0.5\""))
        #expect(text.contains("action=\"/base/store/collect\""))
        #expect(text.contains("<strong>2 faults</strong>"))
        #expect(text.contains("<code>layerfold store verify --repair</code>"))
        #expect(PageAudit(text).escapedMarkup.isEmpty)
        let others = page.render(ComparePageTests.frame()).text
        #expect(!others.contains("/store/collect"), "only admins collect")
    }

    @Test func `where there is no store nothing is offered`() {
        let text = StorePage().render(ComparePageTests.frame(isAdmin: true)).text
        #expect(text.contains("no store yet") && !text.contains("<form"))
    }
}
