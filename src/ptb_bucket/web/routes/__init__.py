"""The routes: each reads a request, asks the queries or the tools, and fills a template."""
