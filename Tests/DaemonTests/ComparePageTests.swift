// Jobs side by side, and who sees whose.

import DurableIO
import Foundation
import Jobs
import SystemPackage
import Testing

@testable import Daemon

@Suite struct ComparePageTests {
    @Test func `two jobs stand side by side, with what differs`() async throws {
        let world = try PageWorld()
        let first = try world.addDone("one", perplexity: 12)
        let second = try world.addDone("two", perplexity: 14.5)
        let page = try await world.get("/compare?job=\(first)&job=\(second)")
        #expect(page.status == 200)
        #expect(page.text.contains("12.00") && page.text.contains("14.50"))
        #expect(page.text.contains("one-note") && page.text.contains("two-note"))
        // What is the same in both is not told among the differences.
        #expect(!page.text.contains("<th scope=\"row\"><bdi>model</bdi>"))
        #expect(page.text.contains("<svg class=\"chart wide\""))
        let names = ["one: reverse", "two: reverse"]
        func places(_ text: String) -> [String.Index?] {
            names.map { name in
                text.range(of: "<bdi>\(name)</bdi></a><span class=\"below\">")?.lowerBound
            }
        }
        let order = places(page.text)
        #expect(try #require(order[0]) < #require(order[1]))
        let sorted = try await world.get(
            "/compare?job=\(first)&job=\(second)&sort=-f.perplexity")
        let turned = places(sorted.text)
        #expect(try #require(turned[1]) < #require(turned[0]))
    }

    @Test func `others' jobs are not compared on a private server`() async throws {
        let world = try PageWorld(isPrivate: true)
        let anns = try world.addDone("anns", by: PageWorld.ann)
        let bobs = try world.addDone("bobs-secret", by: PageWorld.bob, perplexity: 77.77)
        let page = try await world.get("/compare?job=\(anns)&job=\(bobs)", by: PageWorld.ann)
        #expect(page.status == 200)
        #expect(page.text.contains("12.00"))
        #expect(!page.text.contains("77.77") && !page.text.contains("bobs-secret"))
        // In the words for a job that is not there.
        let absent = JobIdentifier.make(now: 1)
        let other = try await world.get("/compare?job=\(anns)&job=\(absent)", by: PageWorld.ann)
        #expect(
            page.text.replacing(bobs, with: "ID") == other.text.replacing(absent, with: "ID"))
        let admins = try await world.get("/compare?job=\(bobs)", by: PageWorld.admin)
        #expect(admins.text.contains("77.77"))
        let choice = try await world.get("/compare", by: PageWorld.ann)
        #expect(choice.text.contains(anns) && !choice.text.contains(bobs))
    }

    @Test func `a report that is damaged, missing or a link is told in words`() async throws {
        let world = try PageWorld()
        let sound = try world.addDone("sound")
        let damaged = try world.addDone("damaged", report: "{\"schema\": 1, ")
        let newer = try world.addDone("newer", report: "{\"schema\": 99}")
        let removed = try world.addDone("removed")
        try FileManager.default.removeItem(atPath: world.results(of: removed, "removed").string)
        let linked = try world.addDone("linked")
        let file = world.results(of: linked, "linked").appending("report.json").string
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createSymbolicLink(
            atPath: file,
            withDestinationPath: world.results(of: sound, "sound").appending("report.json").string)
        let query = [sound, damaged, newer, removed, linked].map { "job=\($0)" }
        let page = try await world.get("/compare?" + query.joined(separator: "&"))
        #expect(page.status == 200)
        #expect(page.text.contains("12.00"))
        #expect(page.text.contains("its results were removed"))
        #expect(page.text.contains("schema is 99"))
        let notices = page.text.split(separator: "its report cannot be read").count - 1
        #expect(notices == 3, "\(page.text)")
        #expect(!page.text.contains("linked: reverse"))
    }

    @Test(arguments: [false, true])
    func `a report of more figures than anybody reads is not compared`(
        isOfOneTitle: Bool
    ) async throws {
        let world = try PageWorld()
        for count in [40, 41] {
            let figures = (0..<count).map { place in
                // A title has one space for each of these.
                let metric = isOfOneTitle ? "a" + String(repeating: "_", count: place) : "accuracy"
                let task = isOfOneTitle ? "t0" : "t\(place)"
                return #"{"task":"\#(task)","metric":"\#(metric)","value":0.5}"#
            }
            let report = PageWorld.report("many", perplexity: 1).replacing(
                #/\{"task":"perplexity"[^}]*\}/#, with: figures.joined(separator: ","))
            let id = try world.addDone("many", report: report)
            let page = try await world.get("/compare?job=\(id)")
            #expect(page.text.contains("too large to be compared") == (count == 41))
            #expect(page.text.contains("t0 a") == (count == 40))
        }
    }

    @Test func `a job that is not done has nothing to compare`() async throws {
        let world = try PageWorld()
        let sent = try await world.post(
            "/submit", [("do", "send"), ("manifest", TestDaemon.manifest("ok-waits"))])
        let id = try #require(sent.location?.split(separator: "/").last.map(String.init))
        let page = try await world.get("/compare?job=\(id)")
        #expect(page.status == 200 && page.text.contains("it is queued"))
    }

    @Test func `so many at once, and none twice`() async throws {
        let world = try PageWorld()
        let ids = try (0..<14).map { try world.addDone("j\($0)", perplexity: 100 + Double($0)) }
        let query = ids.map { "job=\($0)&job=\($0)" }.joined(separator: "&")
        let page = try await world.get("/compare?" + query)
        #expect(page.status == 200)
        #expect(page.text.contains("111.00") && !page.text.contains("112.00"))
        #expect(page.text.contains("2 more that were chosen are left out"))
        let all = ids.prefix(12).map { "job=\($0)&job=\($0)" }.joined(separator: "&")
        #expect(try await !world.get("/compare?" + all).text.contains("left out.</p>"))
    }
}
