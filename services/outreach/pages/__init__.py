"""The pages of outreach: the phone page of a day, one visit, the planner, the team; fragments for other pages."""

from services.outreach.pages import doorstep, fragments, planner, team

routers = [doorstep.router, planner.router, team.router, fragments.router]
