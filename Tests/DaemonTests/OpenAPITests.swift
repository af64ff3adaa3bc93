// The API's description: each route is in it, what it refers to is there, and each type that the
// API answers with is as its schema says.

import DurableIO
import Failures
import Foundation
import HTTP
import Jobs
import Logging
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite struct OpenAPITests {
    private struct Place {
        let folder: TestFolder
        let routes: StatusRoutes
        let document: Tree

        init() throws {
            folder = try TestFolder()
            let configuration = DaemonConfiguration(
                folders: StateFolders(state: folder.file("state")), modelRoots: [], dataRoots: [],
                worker: folder.file("worker"))
            try configuration.folders.make()
            let live = LiveConfiguration(configuration)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let telling = Telling(live, logger: logger)
            let queue = JobQueue(
                settings: live, index: try IndexDatabase(path: configuration.folders.index),
                health: Health(witness: telling.witness),
                notifier: Notifier(environment: [:], process: 0), logger: logger,
                witness: telling.witness)
            let inbox = Inbox(settings: live, queue: queue, logger: logger)
            routes = telling.around(queue).allRoutes(inbox: inbox)
            document = try Tree(routes.description)
        }

        func ask(_ path: String) async throws -> (status: Int, text: String) {
            var reader = RequestReader()
            reader.take(Array("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)[...])
            guard case .complete(let request)? = reader.outcome else {
                Issue.record("no request")
                return (0, "")
            }
            let answer = await routes.respond(
                to: request, from: Caller(user: 1, isAdmin: false))
            guard case .bytes(let bytes) = answer.body else { return (answer.status, "") }
            return (answer.status, String(decoding: bytes, as: UTF8.self))
        }
    }

    private static func check() throws -> SchemaCheck {
        let tree = try Tree(JobJSON.encode(Schemas.all.mapValues(\.json)))
        return SchemaCheck(schemas: try #require(tree.members))
    }

    // MARK: Document

    @Test func `every route is described, and nothing that is no route`() throws {
        let place = try Place()
        #expect(place.routes.undescribed.isEmpty, "add it where the routes of its list are told of")
        let paths = try #require(place.document["paths"])
        #expect(paths["/v1/jobs/{id}/priority"]?.members?.keys.sorted() == ["post"])
        #expect(paths["/v1/jobs"]?.members?.keys.sorted() == ["get", "post"])
        for path in ["/v1/events", "/metrics", "/healthz", "/v1/openapi.json"] {
            #expect(paths[path]?["get"] != nil, "\(path)")
        }
    }

    @Test func `the document is whole: names, parameters of paths, answers, references`() throws {
        let place = try Place()
        let document = place.document
        #expect(document["openapi"]?.text == "3.1.0")
        #expect(document["info"]?["title"]?.text != nil)
        #expect(document["info"]?["version"]?.text != nil)
        let schemas = try #require(document["components"]?["schemas"]?.members)
        let paths = try #require(document["paths"]?.members)
        var identifiers: Set<String> = []
        for (path, operations) in paths {
            for (method, operation) in operations.members ?? [:] {
                let identifier = operation["operationId"]?.text ?? ""
                #expect(identifiers.insert(identifier).inserted, "\(identifier) comes twice")
                #expect(operation["summary"]?.text?.isEmpty == false, "\(method) \(path)")
                let answers = operation["responses"]?.members ?? [:]
                #expect(answers["default"] != nil)
                #expect(answers.count > 1)
                let parameters = operation["parameters"]?.list ?? []
                let inPath = parameters.filter { $0["in"]?.text == "path" }
                let named = inPath.map { "{\($0["name"]?.text ?? "")}" }
                let segments = path.split(separator: "/").filter { $0.hasPrefix("{") }
                #expect(named == segments.map(String.init), "\(path)")
                #expect(inPath.allSatisfy { $0["required"] == .flag(true) })
            }
        }
        for name in document.references {
            #expect(schemas[name] != nil, "\(name) is referred to, and not there")
        }
    }

    @Test func `a manifest is shown that the parser takes, and how programs say who they are`()
        throws
    {
        let document = try Place().document
        let routes = ["/v1/jobs", "/v1/check", "/v1/plan"]
        let shown = try JobJSON.encode(RouteText.Body.exampleManifest)
        let tree = try Tree(shown)
        let check = try Self.check()
        for path in routes {
            let content = document["paths"]?[path]?["post"]?["requestBody"]?["content"]
            let body = try #require(content?["application/yaml"], "\(path)")
            #expect(body["example"] == tree)
            let schema = try #require(body["schema"])
            #expect(check.faults(tree, schema).isEmpty)
        }
        // JSON is YAML.
        let job = try ManifestParser.parse(bytes: Data(shown), name: "shown")
        #expect(job.name == "shown")
        // Each way that is wanted is explained; one of them is none.
        let ways = try #require(document["security"]?.list).map { $0.members ?? [:] }
        #expect(ways.contains { $0.isEmpty })
        let schemes = document["components"]?["securitySchemes"]?.members ?? [:]
        #expect(Set(ways.flatMap(\.keys)) == Set(schemes.keys))
    }

    @Test func `a manifest has the keys that the parser knows, and no others`() throws {
        let error = #expect(throws: ManifestError.self) {
            try ManifestParser.parse(bytes: Data("unheard: 1\n".utf8), name: "n")
        }
        let known = Set((error?.expected ?? "").components(separatedBy: ", "))
        let schema = try Tree(JobJSON.encode(Schemas.manifest.json))
        #expect(Set((schema["properties"]?.members ?? [:]).keys) == known)
    }

    @Test func `states, names and places are described as they are read`() throws {
        func rule(_ schema: Schema) throws -> Regex<AnyRegexOutput> {
            let pattern = try Tree(JobJSON.encode(schema.json))["pattern"]?.text
            return try Regex(try #require(pattern))
        }
        let states = try rule(.states)
        for text in ["queued", "done,failed", "done,", "", "doing", "done failed"] {
            let isTaken = (try? JobQuery([("state", text)])) != nil
            // A comma at the end is passed over; the description need not say so.
            let isKnown = isTaken && !text.hasSuffix(",")
            #expect((text.wholeMatch(of: states) != nil) == isKnown, "\(text)")
        }
        let name = try rule(.jobName)
        let longest = String(repeating: "a", count: 64)
        for text in ["a", "9.x_y-z", longest, longest + "a", "", "-a", "a b", "a/b"] {
            #expect((text.wholeMatch(of: name) != nil) == JobName.isValid(text), "\(text)")
        }
        let place = try rule(.place)
        let cursor = JobCursor(standing: JobCursor.submitted, sequence: 1_234)
        #expect(cursor.text.wholeMatch(of: place) != nil)
    }

    // MARK: Routes

    @Test func `the routes of this document answer`() async throws {
        let place = try Place()
        let description = try await place.ask("/v1/openapi.json")
        #expect(description.status == 200 && description.text.hasPrefix("{"))
        let health = try await place.ask("/healthz")
        #expect(health.status == 200)
        #expect(health.text == "ok\n")
        let metrics = try await place.ask("/metrics")
        #expect(metrics.status == 200)
        #expect(try Exposition(metrics.text).value("layerfold_jobs", ["state": "done"]) == 0)
        #expect(try await place.ask("/v1/events").status == 200)
        #expect(try await place.ask("/v1/events?job=x").status == 404)
        #expect(try await place.ask("/v1/events?after=x").status == 409)
        #expect(try await place.ask("/v1/events?since=5").status == 409)
    }

    // MARK: Types

    @Test(arguments: APISamples.all.keys.sorted())
    func `a type is as its schema says, and its schema has nothing else`(name: String) throws {
        let check = try Self.check()
        let schema = try #require(check.schemas[name], "no schema \(name)")
        var seen: Set<String> = []
        for sample in try #require(APISamples.all[name]) {
            let tree = try Tree(JobJSON.encode(sample))
            let faults = check.faults(tree, schema)
            #expect(faults.isEmpty, "\(faults)")
            seen.formUnion(SchemaCheck.names(tree))
        }
        let missing = SchemaCheck.properties(schema).subtracting(seen).sorted()
        #expect(missing.isEmpty, "no sample has these: are they in the type?")
    }

    /// Those that have no samples of their own are parts of one that has.
    @Test func `every schema is used`() throws {
        let check = try Self.check()
        let place = try Place()
        let used = place.document.references
        #expect(Set(check.schemas.keys).subtracting(used).isEmpty)
    }

    @Test func `every kind of event has a sample, and is read as it was written`() throws {
        let events = APISamples.events
        #expect(Set(events.map(\.kind)).count == ServerEvent.Kind.allCases.count)
        let check = try Self.check()
        for event in events {
            let bytes = try JobJSON.encode(TimedEvent(atMilliseconds: 5, event: event))
            let back = try JSONDecoder().decode(TimedEvent.self, from: bytes)
            #expect(back == TimedEvent(atMilliseconds: 5, event: event))
            // `TimedEvent` only says which there are.
            let word = event.kind.rawValue
            let name = "\(word.prefix(1).uppercased())\(word.dropFirst())Event"
            let schema = try #require(check.schemas[name])
            let tree = try Tree(bytes)
            let missing = SchemaCheck.properties(schema).subtracting(SchemaCheck.names(tree))
            #expect(missing.isEmpty, "\(name)")
        }
    }

    @Test func `the validator finds what is wrong`() throws {
        let check = try Self.check()
        let schema = try #require(check.schemas["JobReceipt"])
        let good: [String: Tree] = ["id": .text(APISamples.job), "state": .text("queued")]
        #expect(check.faults(.members(good), schema).isEmpty)
        for (name, value) in [("id", "x"), ("state", "runing"), ("more", "x")] {
            var bad = good
            bad[name] = .text(value)
            #expect(!check.faults(.members(bad), schema).isEmpty, "\(name)")
        }
        func refuses(_ value: Tree, _ schema: [String: Tree]) -> Bool {
            !check.faults(value, .members(schema)).isEmpty
        }
        #expect(refuses(.members(["id": .text(APISamples.job)]), schema.members ?? [:]))
        #expect(refuses(.list([.members(good)]), schema.members ?? [:]))
        let integer: [String: Tree] = ["type": .text("integer")]
        #expect(refuses(.integer(5), ["type": .text("integer"), "nullable": .flag(true)]))
        #expect(refuses(.number(1.5), integer))
        #expect(refuses(.flag(true), integer))
        #expect(refuses(.integer(1), ["type": .text("boolean")]))
        #expect(refuses(.integer(1), ["type": .text("integer"), "minimum": .integer(2)]))
    }
}
